"""What makes two failures the same mistake, judged in two ways: a quick look at numbers, and the check itself.

A pattern's name alone does not tell: from one entry nobody can say that a mask was taken from the wrong array, and
integers make most things look like a mask. So the name has to stay, or else the gap has to be of a kind that was
already there: the claim is zero where the derivative is not, the other way round, or a factor that several entries
share.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from gradcheck.checks.contract import contract_shape
from gradcheck.checks.gradient import of_block
from gradcheck.checks.naming import named
from gradcheck.checks.precision import stage_for
from gradcheck.checks.trial import Trial
from gradcheck.compare import Verdict
from gradcheck.point import Array, differentiable
from gradcheck.report import Finding
from gradcheck.settings import Settings
from gradcheck.target import Target

__all__ = ["CHECKS", "Judged", "Look", "Mistake", "judge", "look"]

CHECKS = ("gradient.entries", "contract.shape")  # whose findings can be made smaller
STEP = 1e-5  # of central differences: their error is 1e-10 where numbers and derivatives are about 1
_SEEN = 1e-6  # relative gap below which such differences tell nothing
_SAME = 1e-5  # relative difference of two factors that are one
_MOST = 64  # entries looked at
Kind = float | Literal["zero", "spurious", "other"]


@dataclass(frozen=True)
class Look:
    """Central differences of some entries of a block.

    Args:
        shape: of the claimed gradient.
        index: of each entry.
        claimed: (n,) claims.
        measured: (n,) central differences; NaN at a kink.
    """

    shape: tuple[int, ...]
    index: tuple[tuple[int, ...], ...]
    claimed: Array
    measured: Array

    @property
    def gaps(self) -> Array:
        """(n,) gap relative to the larger of claim and measurement; 0 where nothing is known."""
        size = np.maximum(np.abs(self.claimed), np.abs(self.measured))
        floor = _SEEN * max(1.0, float(np.nanmax(size, initial=0.0)))
        gap = np.where(size > floor, np.abs(self.measured - self.claimed) / np.where(size > 0, size, 1.0), 0.0)
        return np.asarray(np.nan_to_num(gap, nan=0.0))

    def kind(self, i: int) -> Kind:
        """What the gap at one entry looks like: a factor, or which of the two is zero."""
        claimed, measured = float(self.claimed[i]), float(self.measured[i])
        small = _SAME * max(abs(claimed), abs(measured))
        return "zero" if abs(claimed) <= small else "spurious" if abs(measured) <= small else claimed / measured


@dataclass(frozen=True)
class Judged:
    """What the check itself says, and every pattern that would explain it, the likeliest first."""

    finding: Finding
    patterns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Mistake:
    """What has to stay.

    Args:
        check: "gradient.entries" or "contract.shape".
        wrt: name of the input.
        pattern: as it was diagnosed.
        factor: claimed over measured, where it is one number everywhere and does not come from the sizes.
        kinds: of gap that a candidate may show: that of the worst entry where other entries and points share it; else
            "other", which stands for any.
        least: relative gap that a candidate has to show at least.
        form: how the shape of the gradient was wrong: "transposed", or the number of axes too many; None where
            it was right.
    """

    check: str
    wrt: str
    pattern: str | None
    factor: float | None
    kinds: frozenset[Kind]
    least: float
    form: str | int | None = None

    @staticmethod
    def of(finding: Finding, target: Target, seen: Look, beside: Look | None) -> Mistake | None:
        """Return what a finding's mistake is; None where a quick look does not see it.

        Args:
            finding: of a check in CHECKS.
            target: that it is about.
            seen: a look at the target's own point.
            beside: a look at a point beside it: a factor that is another one there is none of the code's.
        """
        if finding.check == "contract.shape":
            due = np.shape(target.point[finding.wrt])
            return Mistake(finding.check, finding.wrt, None, None, frozenset(), 0.0, _form(seen.shape, due))
        gaps = seen.gaps
        wrong = [i for i in range(len(gaps)) if gaps[i] > _SEEN]
        if not wrong:
            return None
        kinds = [seen.kind(i) for i in wrong]
        worst = max(wrong, key=lambda i: (seen.index[i] == finding.worst, gaps[i]))
        kind = seen.kind(worst)
        stays = beside is not None and _equal(kind, beside.kind(worst))
        alike = len(kinds) == 1 or isinstance(kind, str) or sum(_equal(kind, other) for other in kinds) > 1
        # a factor that comes from the sizes is another number at other sizes
        known: set[Kind] = {kind} if alike and stays and not finding.origin else {"other"}
        factor = None if finding.origin else finding.factor
        least = max(_SEEN, 0.1 * float(np.max(gaps)))
        return Mistake("gradient.entries", finding.wrt, finding.pattern, factor, frozenset(known), least)

    def admits(self, seen: Look, i: int) -> bool:
        """Whether the gap at one entry may be this mistake's."""
        kind = seen.kind(i)
        if self.factor is not None:
            return _equal(kind, self.factor)
        return "other" in self.kinds or self.knows(kind)

    def knows(self, kind: Kind) -> bool:
        """Whether a gap of this very kind was there at first."""
        return any(_equal(kind, known) for known in self.kinds if known != "other")

    def shows(self, seen: Look | None, target: Target) -> bool:
        """Whether a quick look sees this mistake."""
        if seen is None:
            return False
        due = np.shape(target.point[self.wrt])
        if self.form is not None:
            return seen.shape != due and _form(seen.shape, due) == self.form
        gaps = seen.gaps
        return seen.shape == due and any(gaps[i] >= self.least and self.admits(seen, i) for i in range(len(gaps)))

    def confirmed(self, judged: Judged | None, seen: Look | None) -> bool:
        """Whether the check itself found this mistake, at an entry that is at no kink."""
        if judged is None or seen is None or judged.finding.check != self.check:
            return False
        finding = judged.finding
        if self.form is not None:
            return finding.verdict is Verdict.MALFORMED
        if finding.verdict is not Verdict.DISAGREES or finding.worst not in seen.index:
            return False
        i = seen.index.index(finding.worst)
        if seen.gaps[i] < self.least or not self.admits(seen, i):
            return False
        if not judged.patterns or self.pattern in judged.patterns:
            return True
        if self.factor is not None or self.knows(seen.kind(i)):
            return True
        if self.pattern is None:  # what nothing explains may be explained at one entry, but not by a factor alone
            return judged.patterns[0] not in _FACTORS
        return any(self.pattern in alike and judged.patterns[0] in alike for alike in _ALIKE)


_FACTORS = ("factor", "sign", "zero", "mean_for_sum", "sum_for_mean")
_ALIKE = (  # patterns that small sizes make one: 1/batch is 1/2 in a batch of 2, two entries shifted are two reversed
    ("factor", "mean_for_sum", "sum_for_mean"),
    ("transposed", "permuted", "shift"),
    ("one_entry", "one_row", "one_channel", "one_gate", "part", "boundary"),
)


def _equal(a: Kind, b: Kind) -> bool:
    if isinstance(a, str) or isinstance(b, str):
        return a == b
    return abs(a - b) <= _SAME * max(abs(a), abs(b))


def _form(shape: tuple[int, ...], due: tuple[int, ...]) -> str | int:
    return "transposed" if shape == due[::-1] else len(shape) - len(due)


@contextmanager
def _quiet() -> Iterator[None]:
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # candidates may leave the domain: the checker's doing, not the user's
        yield


def trial_of(target: Target, cotangent: Any) -> Trial:
    """Return a target under examination, with a cotangent of one's own; at the least effort."""
    trial = Trial(target, Settings(effort="quick"))
    if cotangent is not None:
        trial.use_cotangent(0, cotangent)
    return trial


def look(target: Target, cotangent: Any, wrt: str, place: tuple[int, ...] | None = None) -> Look | None:
    """Return a quick look at one gradient; None where the code raises or gives what cannot be measured.

    Args:
        target: that is looked at.
        cotangent: in the structure of its outputs; None for one drawn from its name.
        wrt: the input.
        place: an entry to look at in any case; of many others a sample is taken.
    """
    try:
        with _quiet():
            return _look(trial_of(target, cotangent), wrt, place)
    except Exception:  # a candidate may be refused by the user's code in any way; then it is none
        return None


def _look(trial: Trial, wrt: str, place: tuple[int, ...] | None) -> Look | None:
    y0 = trial.y0
    claim = trial.gradients(0).get(wrt)
    x = trial.value(wrt)
    if claim is None or y0.size == 0 or not np.all(np.isfinite(y0)) or not np.all(np.isfinite(claim)):
        return None
    if claim.shape != x.shape or x.dtype.kind != "f":
        return Look(claim.shape, (), np.zeros(0), np.zeros(0))
    narrow = any(differentiable(v) and v.dtype.itemsize < 8 for v in trial.values)
    at = stage_for(trial).trial if narrow else trial  # a float32 function is measured in float64
    u, y0, evaluate = trial.flat_cotangent(0), at.y0, at.evaluator(wrt)
    chosen = range(x.size) if x.size <= _MOST else np.linspace(0, x.size - 1, _MOST).astype(int)
    index = [tuple(int(i) for i in np.unravel_index(k, x.shape)) for k in chosen]
    if place is not None and place not in index:
        index.append(place)
    measured = [slope(evaluate, x, entry, u, y0) for entry in index]
    return Look(claim.shape, tuple(index), np.array([float(claim[i]) for i in index]), np.array(measured))


def slope(evaluate: Any, x: Array, place: tuple[int, ...], u: Array, y0: Array) -> float:
    """Return ∂⟨u, y⟩/∂x[place] by a central difference, NaN where the two sides differ as they do at a kink."""
    sides = []
    for step in (STEP, 0.01 * STEP):
        found = []
        for sign in (1, -1):
            moved = x.astype(np.float64)
            moved[place] += sign * step
            y = evaluate(moved)
            if y is None or not np.all(np.isfinite(y)):
                return float("nan")
            found.append(sign * float(u @ (y - y0)) / step)
        sides.append(found)
    (right, left), (near_right, near_left) = sides
    size = max(abs(right), abs(left))
    # the difference of the sides is h y'' where y is smooth: it shrinks with the step. At a kink it stays
    noise = 1e3 * np.finfo(np.float64).eps * float(np.abs(u) @ np.abs(y0)) / (0.01 * STEP)
    if abs(near_right - near_left) > max(1e-3 * size, noise) and abs(right - left) > 1e-3 * size:
        return float("nan")
    return (right + left) / 2


def judge(target: Target, cotangent: Any, check: str, wrt: str) -> Judged | None:
    """Return what a check in `CHECKS` says of one gradient at a given cotangent; None where it could not be asked."""
    try:
        with _quiet():
            trial = trial_of(target, cotangent)
            if check == "contract.shape" and trial.gradients(0).get(wrt) is not None:
                right = trial.finding(check, wrt, Verdict.AGREES)  # others of the target may be wrong still
                found = [f for f in contract_shape(trial) if f.wrt == wrt] or [right]
            elif wrt in trial.claimed_blocks():
                found = named(trial, list(of_block(trial, stage_for(trial), wrt)))
            else:
                return None
    except Exception:  # as in `look`
        return None
    if not found:
        return None
    worst = max(found, key=lambda f: (f.verdict.severity, f.check == check))
    return Judged(worst, tuple(guess.slug for guess in trial.told.get(wrt, ())))
