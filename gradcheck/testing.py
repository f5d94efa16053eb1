"""Tests from targets: one a target and check for pytest, at random points for Hypothesis."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache, wraps
from typing import Any, TypeVar, cast

from gradcheck.checks import checks_for
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
    """Run a test once for each check of each target, which it takes as its argument `target`.

    `gradcheck.assert_agrees(target)` then asks that check alone; the numbers are those of all checks together, and
    the tests of one target are one target again in pytest's section and in its reports.

    Args:
        targets: what the adapters return, dictionaries with the key "adapt", or the name of a module or object that
            offers them ("my.layers", "my/layers.py:targets").
        expected_failures: {"target:check" or the name of a target: why it fails}; such a test has to fail. A target
            that is named as a whole is one test of all its checks.
    Raises:
        InputError: an expected failure names no test, or has no reason.

    Example:
        >>> @parametrize([{"adapt": "vjp", "name": "sin", "forward": np.sin, "inputs": (np.array([0.3, -1.2]),),
        ...                "vjp": lambda inputs, u: (u * np.cos(inputs[0]),)}])
        ... def test_agrees(target):
        ...     gradcheck.assert_agrees(target)
    """
    import pytest  # a decorator of tests: whoever uses it has pytest

    found = [i.target for i in discover([targets]).items] if isinstance(targets, str) else targets_of(targets)
    known = dict(expected_failures or {})
    cases = list(_cases(found, known))
    _refuse_unknown(known, found, [id_ for id_, _ in cases])
    values = [
        pytest.param(target, id=id_, marks=[pytest.mark.xfail(reason=known[id_], strict=True)] if id_ in known else [])
        for id_, target in cases
    ]
    mark: Callable[[Test], Test] = pytest.mark.parametrize("target", values)
    return mark


def _cases(found: Iterable[Target], known: Mapping[str, str]) -> Iterator[tuple[str, Target]]:
    """Yield (id, what is asked) of every test: one a check, or one of a target that is known to fail as a whole."""
    targets = list(found)
    networks = Counter(_network(target) for target in targets)
    for target in targets:
        asked, apart = tuple(check.id for check in checks_for(target)), networks[_network(target)] > 1
        if target.name in known:
            yield target.name, replace(target, asked=asked, apart=apart)
            continue
        for check in asked:
            yield f"{target.name}:{check}", replace(target, asked=(check,), apart=apart)


def _network(target: Target) -> str:
    return target.name.rpartition("/")[0] or target.name


def _refuse_unknown(known: Mapping[str, str], found: Iterable[Target], tests: Sequence[str]) -> None:
    names = [target.name for target in found]
    for name, reason in known.items():
        whole = next((n for n in names if n in known and name.startswith(f"{n}:")), None)
        if name not in tests and whole is not None:
            raise InputError(
                f"Expected {name!r} or {whole!r} in expected_failures but got both: the whole target is one test"
            )
        if name not in tests:
            raise InputError(
                f"Expected a target or one of its checks, as 'target:check', in expected_failures but got {name!r}"
                f"{suggest(name, [*names, *tests])}"
            )
        if not reason.strip():
            raise InputError(f"Expected a reason for the expected failure {name!r} but got none")


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

    # No deadline: a failing check takes longer, and a slow check is not a wrong one. Not explained: that traces every
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
