"""Tests from targets: one test a target for pytest, random points for Hypothesis."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from gradcheck.config import suggest
from gradcheck.discover import discover, targets_of
from gradcheck.errors import InputError
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

    Args:
        target: its point says shapes, dtypes and the domain; see `gradcheck.strategies.points`.
        examples: number of points.
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

    # no deadline: the first check loads scipy, and a slow check is not a wrong one
    settings = hypothesis.settings(max_examples=examples, deadline=None)

    def decorate(test: Test) -> Callable[..., None]:
        return settings(hypothesis.given(target=points(target, **options))(test))

    return decorate
