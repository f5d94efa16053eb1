"""Tests from targets: one test a target for pytest, random points for Hypothesis."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from functools import cache, wraps
from typing import Any, TypeVar, cast

from gradcheck.config import suggest
from gradcheck.discover import discover, targets_of
from gradcheck.errors import GradientMismatch, InputError
from gradcheck.session import current
from gradcheck.target import Target

__all__ = ["given", "parametrize"]

Test = TypeVar("Test", bound=Callable[..., Any])


def parametrize(
    targets: str | Target | Iterable[Any], *, expected_failures: Mapping[str, str] | None = None
) -> Callable[[Test], Test]:
    """Run a test once for each target, which it takes as its argument `target`.

    Args:
        targets: what the adapters return, dictionaries with the key "adapt", or the name of a module or object that
            offers them ("my.layers", "my/layers.py:targets").
        expected_failures: {name of a target: why it fails}; such a test has to fail.
    Raises:
        InputError: an expected failure names no target, or has no reason.

    Example:
        >>> @parametrize([{"adapt": "vjp", "name": "sin", "forward": np.sin, "inputs": (np.array([0.3, -1.2]),),
        ...                "vjp": lambda inputs, u: (u * np.cos(inputs[0]),)}])
        ... def test_agrees(target):
        ...     gradcheck.assert_agrees(target)
    """
    import pytest  # a decorator of tests: whoever uses it has pytest

    found = [i.target for i in discover([targets]).items] if isinstance(targets, str) else targets_of(targets)
    names = [target.name for target in found]
    known = dict(expected_failures or {})
    for name, reason in known.items():
        if name not in names:
            raise InputError(
                f"Expected the name of a target in expected_failures but got {name!r}{suggest(name, names)}"
            )
        if not reason.strip():
            raise InputError(f"Expected a reason for the expected failure {name!r} but got none")
    cases = [
        pytest.param(
            target,
            id=target.name,
            marks=[pytest.mark.xfail(reason=known[target.name], strict=True)] if target.name in known else [],
        )
        for target in found
    ]
    mark: Callable[[Test], Test] = pytest.mark.parametrize("target", cases)
    return mark


def given(target: Target, *, examples: int = 20, **options: Any) -> Callable[[Test], Callable[..., None]]:
    """Run a test at random points of a target, which it takes as its argument `target`; Hypothesis shrinks failures.

    A fault is shrunk to the simplest point that shows the same one: the same verdict of the same quantity.

    Args:
        target: its point says shapes, dtypes and the domain; see `gradcheck.strategies.points`.
        examples: number of points, the same in every run where the environment has CI.
        options: of `gradcheck.strategies.points`.

    Example:
        >>> x = np.array([[0.3, -1.2], [2.0, 0.7], [0.1, 0.4]])
        >>> @given(gradcheck.adapt.vjp(np.sin, lambda inputs, u: (u * np.cos(inputs[0]),), x, name="sin"))
        ... def test_agrees_everywhere(target):
        ...     gradcheck.assert_agrees(target, effort="quick")
        >>> test_agrees_everywhere()
    """
    import hypothesis

    from gradcheck.strategies import points

    # No deadline: the first check loads scipy, and a slow check is not a wrong one. Not explained: that traces every
    # line of the checker, ten times slower, to tell which lines of the test ran; the report tells more.
    phases = tuple(phase for phase in hypothesis.Phase if phase is not hypothesis.Phase.explain)
    settings = hypothesis.settings(max_examples=examples, deadline=None, phases=phases)
    if os.environ.get("CI"):  # a merge is not let through, or held up, by chance; Hypothesis' later versions do it too
        settings = hypothesis.settings(settings, derandomize=True, database=None)

    def decorate(test: Test) -> Callable[..., None]:
        return settings(hypothesis.given(target=points(target, **options))(_told_apart(test)))

    return decorate


def _told_apart(test: Test) -> Test:
    """Raise each fault as a kind of exception of its own, and leave one report of all the examples.

    Hypothesis takes two failures of one kind and line for the same, and would shrink a fault at a large point to
    another one, or to an inconclusive answer, at a simpler point. The likely mistake does not count: it is a guess that
    changes from point to point, and one fault would be told several times.
    """

    @wraps(test)
    def run(*args: Any, **options: Any) -> Any:
        __tracebackhide__ = True
        recorder = current.get()
        start = 0 if recorder is None else len(recorder.reports)
        try:
            return test(*args, **options)
        except GradientMismatch as error:
            finding = error.finding
            if finding is None:
                raise
            kind = _kind(finding.target, finding.place, finding.verdict)
            raise kind(str(error), error.report, finding).with_traceback(error.__traceback__) from None
        finally:
            if recorder is not None:
                recorder.keep_worst(start)

    return cast(Test, run)


@cache
def _kind(*fault: object) -> type[GradientMismatch]:
    """Return the exception of one fault; it goes by the name of all."""
    return type(
        GradientMismatch.__name__, (GradientMismatch,), {"__module__": GradientMismatch.__module__, "fault": fault}
    )
