"""Run a counterexample of an earlier report again: is the mistake still there?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from gradcheck.compare import Verdict
from gradcheck.counterexample.case import Case
from gradcheck.counterexample.mistake import CHECKS, Look, judge, look
from gradcheck.counterexample.objects import with_integer
from gradcheck.point import Array
from gradcheck.recipe import nested
from gradcheck.report import Finding, Numbers
from gradcheck.target import Target
from gradcheck.tree import leaves, rebuild

__all__ = ["Replay", "replayed"]


@dataclass(frozen=True)
class Replay:
    """What came of it.

    Args:
        answer: "fixed" if the claim at the counterexample is verified now; "still failing"; "open" where it can be
            neither verified nor accused, or cannot be tried, for the reason told.
        told: numbers or reason.
    """

    answer: Literal["fixed", "still failing", "open"]
    told: str


def replayed(target: Target, finding: Finding) -> Replay:
    """Return what the check says now of a finding's counterexample.

    Args:
        target: of today's code, with the name of the finding's.
        finding: of an earlier report, with a counterexample.
    """
    small, recipe = finding.counterexample, target.recipe
    assert small is not None
    if recipe is None or finding.check not in CHECKS:
        return Replay("open", "the target can no longer be made at another point")
    if not {finding.wrt, *(numbers.name for numbers in small.inputs)} <= set(target.point.names):
        return Replay("open", f"the target takes other inputs now: {', '.join(target.point.names)}")
    try:
        things = dict(recipe.things)
        for dotted, size in small.sizes:
            first, *path = dotted.split(".")
            things[first] = with_integer(things[first], [int(p) if p.isdigit() else p for p in path], size)
        given = {numbers.name: _array(numbers) for numbers in small.inputs}
        pairs = zip(target.point.names, target.point.values, strict=True)
        made = Case(things, nested(recipe.arguments, [given.get(name, value) for name, value in pairs])).target(target)
        outputs = made.forward(*made.point.copies())
        cotangent = _cotangent(outputs, {numbers.name: _array(numbers) for numbers in small.cotangent})
    except Exception as error:  # whatever the user's code of today raises at yesterday's case
        return Replay("open", f"the case cannot be made any more: {type(error).__name__}: {error}")
    judged = judge(made, cotangent, finding.check, finding.wrt)
    if judged is None:
        # what the check of entries cannot measure has another form now, which the check of all targets tells
        return Replay("still failing", "its gradient cannot be compared: it is missing, not finite or of another form")
    now = judged.finding
    if now.verdict is Verdict.INCONCLUSIVE:
        return Replay("open", now.reason)
    told = (
        now.message.split("\n")[0]
        if now.verdict.wrong
        else _numbers(finding, look(made, cotangent, finding.wrt, small.place))
    )
    return Replay("still failing" if now.verdict.wrong else "fixed", told)


def _numbers(finding: Finding, seen: Look | None) -> str:
    """Return claim and measurement at the counterexample's own entry."""
    assert finding.counterexample is not None
    place = finding.counterexample.place
    if place is None or seen is None or place not in seen.index:
        return f"the gradient of {finding.wrt} has the right shape"
    i = seen.index.index(place)
    at = f"{finding.wrt}[{', '.join(map(str, place))}]" if place else finding.wrt
    return f"{at} claimed {seen.claimed[i]:+.6g}, measured {seen.measured[i]:+.6g}"


def _array(numbers: Numbers) -> Array:
    return np.array(numbers.values, dtype=np.dtype(numbers.dtype)).reshape(numbers.shape)


def _cotangent(outputs: Any, given: dict[str, Array]) -> Any:
    """Return the kept cotangent in the structure of today's outputs."""
    names = iter([name for name, _ in leaves(outputs)])

    def fill(leaf: Any) -> Any:
        array = given.get(next(names))
        if array is None or array.shape != np.shape(leaf):
            raise ValueError(f"the outputs have another form now: {np.shape(leaf)}")
        return array if isinstance(leaf, np.ndarray) else array[()] if isinstance(leaf, np.generic) else array.item()

    return rebuild(outputs, fill)
