"""From a failing finding to the smallest case that shows the same mistake: sizes first, then cotangent, then values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck.counterexample.case import Case, Slot, integers_of, resized, slots
from gradcheck.counterexample.code import program, writable
from gradcheck.counterexample.mistake import CHECKS, Mistake, judge, look, trial_of
from gradcheck.counterexample.search import Budget, Choices, Enough, smallest
from gradcheck.counterexample.values import levels, moves, numbers, one_hot, simpler, with_numbers
from gradcheck.recipe import Recipe, nested
from gradcheck.report import Counterexample, Finding, Numbers
from gradcheck.target import Target
from gradcheck.tree import leaves

__all__ = ["minimise", "minimised"]

_DRAWS = 3  # values tried at every size, see `resized`
_ENTRIES = 120  # numbers that are simplified one by one
_JUDGED = 40  # candidates that are put to the check itself where quick looks went astray: 0.1 s each
_READABLE = 400  # numbers of a counterexample: nobody reads more
_LARGEST = 20_000  # numbers of a target: beyond, each candidate is too dear


def minimised(target: Target, findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings of a target, the first failure of each quantity with its counterexample if there is one."""
    done: set[str] = set()
    told = []
    for finding in findings:
        if finding.check in CHECKS and finding.verdict.wrong and finding.wrt not in done:
            try:
                found = minimise(target, finding)
            except Exception:  # as in the runner: the user's code may raise where it did not a moment before
                found = None
            if found is not None:
                done.add(finding.wrt)
                finding = replace(finding, counterexample=found)
        told.append(finding)
    return told


def minimise(target: Target, finding: Finding, budget: Budget | None = None) -> Counterexample | None:
    """Return the smallest case found that shows the mistake of a finding.

    Args:
        target: that failed; a local one, made by adapt.layer, pair, vjp, gradient, closure, activation or loss.
        finding: of a check in CHECKS.
        budget: what it may cost.
    Returns:
        The counterexample; None where the target cannot be made again, holds complex numbers or very many, where the
        mistake does not show in central differences (a relative gap below 1e-6, a float32 function that takes no
        float64), or where nothing was found that a person would read.
    """
    recipe = target.recipe
    values = target.point.values
    if recipe is None or target.role != "local" or any(_ours(thing) for thing in recipe.things.values()):
        return None
    arrays = [v for v in values if isinstance(v, np.ndarray)]
    if any(v.dtype.kind not in "fiub" for v in arrays) or sum(v.size for v in arrays) > _LARGEST:
        return None
    case = Case(recipe.things, nested(recipe.arguments, values))
    seen = look(case.target(target), None, finding.wrt, finding.worst)
    if seen is None:
        return None
    moved = replace(case, arguments=nested(recipe.arguments, _beside(values))).target(target)
    beside = look(moved, None, finding.wrt, finding.worst)
    mistake = Mistake.of(finding, target, seen, beside)
    if mistake is None or not mistake.shows(seen, target):
        return None
    return _Search(target, mistake, budget or Budget()).run(case)


def _beside(values: Sequence[Any]) -> list[Any]:
    """Return the inputs, each number moved by 5 to 30 % of itself: signs stay, ratios do not."""
    rng = np.random.default_rng(2)
    floats = [isinstance(v, np.ndarray) and v.dtype.kind == "f" for v in values]
    moved = [v * rng.uniform(1.05, 1.3, v.shape) if f else v for v, f in zip(values, floats, strict=True)]
    return [np.asarray(m, v.dtype) if f else m for m, v, f in zip(moved, values, floats, strict=True)]


def _ours(thing: Any) -> bool:
    """Whether an adapter put a function of its own in the place of the user's."""
    return str(getattr(thing, "__module__", "")).split(".")[0] == "gradcheck"


class _Search:
    """The stages of one search; each hands on a case that the check itself has confirmed."""

    def __init__(self, target: Target, mistake: Mistake, budget: Budget) -> None:
        self.target, self.mistake, self.budget = target, mistake, budget
        self.strict = False  # put every candidate to the check itself, because what looks had found did not stand
        self.judged = 0

    def run(self, case: Case) -> Counterexample | None:
        outputs = case.target(self.target).forward(*self.target.point.copies())
        if not writable(outputs):
            return None
        try:
            for stage in (self.sized, self.single, self.blocks, self.entries):
                for self.strict in (False, True):
                    found = stage(case)
                    if found is case or self.confirmed(found):
                        case = found
                        break
        except Enough:
            pass  # the last confirmed case stands
        return self.record(case)

    def shows(self, case: Case) -> bool:
        """Try one candidate by a quick look; what a whole stage comes to is put to the check itself."""
        self.budget.spend()
        try:
            target = case.target(self.target)
        except Exception:  # the user's classes refuse sizes and values as they like
            return False
        if not self.mistake.shows(look(target, case.cotangent, self.mistake.wrt), target):
            return False
        if self.strict:
            self.judged += 1
            return self.judged <= _JUDGED and self.confirmed(case)
        return True

    def confirmed(self, case: Case) -> bool:
        """Put a case to the check itself."""
        target = case.target(self.target)
        judged = judge(target, case.cotangent, self.mistake.check, self.mistake.wrt)
        if judged is None:
            return False
        return self.mistake.confirmed(judged, look(target, case.cotangent, self.mistake.wrt, judged.finding.worst))

    def smallest(self, start: Sequence[int], made: Callable[[Choices], Case | None]) -> Choices:
        def shows(choices: Choices) -> bool:
            found = made(choices)
            return found is not None and self.shows(found)

        return smallest(start, shows)

    def sized(self, case: Case) -> Case:
        """Lower the sizes."""
        assert self.target.recipe is not None
        found = slots(case, self.target.recipe)
        best: dict[Choices, Case] = {}

        def shows(choices: Choices) -> bool:
            sizes = [(slot, choice + 1) for slot, choice in zip(found, choices, strict=True)]
            for draw in range(_DRAWS):
                made = self.resized(case, sizes, draw)
                if made is None:
                    return False
                if self.shows(made):
                    best[choices] = made
                    return True
            return False

        chosen = smallest([slot.size - 1 for slot in found], shows)
        return best.get(chosen, case)

    def resized(self, case: Case, sizes: Sequence[tuple[Slot, int]], draw: int) -> Case | None:
        assert self.target.recipe is not None
        try:
            return resized(case, self.target.recipe, sizes, draw)
        except Exception:  # as in `shows`
            return None

    def single(self, case: Case) -> Case:
        """Choose a cotangent of a single one; all of them are tried, since one is as good as another."""
        outputs = case.target(self.target).forward(*case.target(self.target).point.copies())
        size = sum(int(np.size(leaf)) for _, leaf in leaves(outputs) if moves(leaf))
        for sign in (1.0, -1.0):
            for i in range(min(size, _ENTRIES)):
                found = replace(case, cotangent=one_hot(outputs, i, sign))
                if self.shows(found):
                    return found
        return replace(case, cotangent=_drawn(case.target(self.target)))

    def blocks(self, case: Case) -> Case:
        """Make each array as simple as it can be as a whole: zeros, ones, integers, one decimal."""
        arrays = numbers(case)
        options = [levels(v) for v in arrays]
        chosen = self.smallest(
            [len(o) - 1 for o in options],
            lambda choices: with_numbers(case, [o[c] for o, c in zip(options, choices, strict=True)]),
        )
        return with_numbers(case, [o[c] for o, c in zip(options, chosen, strict=True)])

    def entries(self, case: Case) -> Case:
        """Make each number as simple as it can be: 0, ±1, ±2, ±3, ±½, then decimals of few digits."""
        arrays = numbers(case)
        if sum(v.size for v in arrays) > _ENTRIES:
            return case
        options = [simpler(entry.item(), v.dtype) for v in arrays for entry in v.ravel()]

        def made(choices: Choices) -> Case:
            picked = iter([o[c] for o, c in zip(options, choices, strict=True)])
            return with_numbers(
                case, [np.array([next(picked) for _ in range(v.size)], v.dtype).reshape(v.shape) for v in arrays]
            )

        return made(self.smallest([len(o) - 1 for o in options], made))

    def record(self, case: Case) -> Counterexample | None:
        target = case.target(self.target)
        judged = judge(target, case.cotangent, self.mistake.check, self.mistake.wrt)
        if judged is None:
            return None
        finding = judged.finding
        if sum(int(np.size(value)) for value in target.point.values) > _READABLE:
            return None
        cotangent = case.cotangent if case.cotangent is not None else _drawn(target)
        case = replace(case, cotangent=cotangent)
        return Counterexample(
            code=program(self.target, case, finding),
            sizes=tuple(_changed(self.target.recipe, case)),
            inputs=tuple(_recorded(zip(target.point.names, target.point.values, strict=True))),
            cotangent=tuple(_recorded(leaves(cotangent))),
            place=finding.worst,
            claimed=finding.claimed,
            measured=finding.measured,
            tried=self.budget.tried,
            stopped=self.budget.stopped,
        )


def _changed(recipe: Recipe | None, case: Case) -> Iterator[tuple[str, int]]:
    """Yield the hyper-parameters that are not the target's own."""
    assert recipe is not None
    for name, thing in recipe.things.items():
        now = integers_of(case.things[name])
        yield from ((f"{name}.{path}", now[path]) for path, value in integers_of(thing).items() if now[path] != value)


def _drawn(target: Target) -> Any:
    return trial_of(target, None).cotangent(0)


def _recorded(pairs: Iterator[tuple[str, Any]]) -> Iterator[Numbers]:
    for name, value in pairs:
        if isinstance(value, (np.ndarray, np.generic, float)):
            array = np.asarray(value)
            yield Numbers(name, array.dtype.name, array.shape, tuple(float(v) for v in array.ravel()))
