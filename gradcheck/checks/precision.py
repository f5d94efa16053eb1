"""At which precision a function is measured, and at which it is judged.

A function of float32 (or float16) is measured on its float64 shadow wherever it accepts float64: the
formula then shows to ten digits, and the float32 gradient is compared with it up to float32 rounding.
Where it rounds inside whatever it is given, steps and resolution follow the rounding that it shows.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from math import sqrt
from typing import Any

import numpy as np

from gradcheck.checks.cotangents import flatten
from gradcheck.checks.extended import EXTENDED, extended_trial
from gradcheck.checks.trial import Trial
from gradcheck.norms import all_finite, norm
from gradcheck.pieces import changed, distance, extremes, is_large
from gradcheck.point import Array, differentiable
from gradcheck.streams import off_zero

__all__ = ["Stage", "native_for", "short_spacing", "stage_for"]

_SPACINGS = (2.0**-52, 2.0**-23, 2.0**-10, 2.0**-7)  # float64, float32, float16, bfloat16
_RESOLUTIONS = (1e-6, 1e-3, 3e-2, 1e-1)  # what a claim of each is asked for
_FEW = 4  # numbers that tell no format: any may happen to be short
_LONGS = (7, 6, 5, 4, 3)  # exponents of moves, relative, after which outputs tell their format
_FLIPS = 0.2  # of outputs: whose rounding a move of a hundredth of a spacing may change
_TALL = 2.0**-18  # of the outputs: what rounding in float32 moves them by at first
_ROUNDED = 8.0  # spacings that two precisions of one function may be apart
_NATIVE = (1e-6, 1e-3, 1e-1, 3e-1)  # what three levels of differences can promise where outputs are rounded to each


@dataclass(frozen=True, slots=True)
class Stage:
    """Where measurements are taken.

    Args:
        trial: evaluates the function: the trial itself, or its float64 shadow.
        eps: spacing of the numbers that the function is evaluated in.
        claim_eps: spacing of the numbers that the claim is computed in.
        resolution: what AGREES has to reach at the claim's precision.
        lifted: whether this is a shadow.
    """

    trial: Trial
    eps: float
    claim_eps: float
    resolution: float
    lifted: bool = False


def stage_for(trial: Trial) -> Stage:
    """Return where to measure a trial, its float64 shadow if it has one; found once."""
    if trial.stage is None:
        trial.stage = _stage(trial)
    stage: Stage = trial.stage
    return stage


def _stage(trial: Trial) -> Stage:
    narrow = max(_eps(value) for value in trial.values if differentiable(value))
    outputs = float(np.finfo(np.float64).eps)
    for leaf in _leaves(trial.outputs):
        outputs = max(outputs, _eps(leaf))
    claim = max(narrow, outputs, trial.target.spacing or 0.0)
    if narrow > _SPACINGS[0]:
        shadow, inside = _shadow(trial)
        if shadow is not None:
            return Stage(shadow, _SPACINGS[0], claim, resolution_for(claim), lifted=True)
        eps = max(claim, inside)  # arrays of float32 may hold what was computed in float16
        return Stage(trial, eps, eps, resolution_for(eps, native=True))
    eps = max(outputs, effective_spacing(trial))
    return Stage(trial, eps, eps, resolution_for(eps, native=True))


def native_for(stage: Stage, name: str) -> Stage | None:
    """Return a stage with steps of float32 for one block of a float64 function, None where float64 is right for it.

    A softmax in float32 inside an attention of float64 rounds what queries and keys do, and values not at all: all that
    a small move of the block moves is nothing, where a longer one says that it should.
    """
    trial = stage.trial
    if stage.eps > _SPACINGS[0] or stage.eps < EXTENDED:
        return None
    moves = [_moved(trial, 2.0**-exponent, name) for exponent in (38, 30, 6)]
    if any(y is None for y in moves):
        return None
    tiny, small, large = (np.abs(y - trial.y0) for y in moves)
    due = large * 2.0**-24 > 16 * np.spacing(np.abs(trial.y0))
    if not due.any() or np.any(tiny[due]) or np.mean(small[due] > 0) > _FLIPS or _moves_wider(trial, due, name):
        return None
    between = (_moved(trial, 2.0**-exponent, name) for exponent in range(27, 3, -3))
    first = next((y for y in between if y is not None and np.any(y != trial.y0)), trial.y0)
    if np.max(np.abs(first - trial.y0)) > _TALL * np.max(np.abs(trial.y0)):
        return None  # stairs that are the function's own
    single = _SPACINGS[1]
    return Stage(trial, single, single, resolution_for(single, native=True), stage.lifted)


def resolution_for(eps: float, *, native: bool = False) -> float:
    """Return the resolution that is asked for at a precision, where the user asks for none.

    Args:
        eps: spacing of its numbers.
        native: whether the function is measured in it, too, and not in float64.
    """
    known = zip(_SPACINGS, _NATIVE if native else _RESOLUTIONS, strict=True)
    return next((r for s, r in known if eps <= s), _NATIVE[-1])


def effective_spacing(trial: Trial) -> float:
    """Return the spacing that a float64 function really computes in, from how it answers small moves.

    A function that rounds its input to float32 does not move at all for relative moves of 1e-12, although
    what it does for larger ones says that it should; one that rounds its output answers in short numbers.
    """
    rounded = None if _all_long(trial.y0) else _output_spacing(trial)
    if rounded is not None:
        return rounded
    small = _moved(trial, 2.0**-30)
    if small is None or not np.count_nonzero(small == trial.y0):
        return _SPACINGS[0]
    tiny, middle = (_moved(trial, 2.0**-exponent) for exponent in (38, 16))
    if tiny is None or middle is None or not np.array_equal(tiny, small):
        return _SPACINGS[0]
    due = np.abs(middle - trial.y0) * 2.0**-22 > 16 * np.spacing(np.abs(trial.y0))
    if not due.any() or not np.array_equal(tiny[due], trial.y0[due]) or _moves_wider(trial, due):
        return _SPACINGS[0]
    return _SPACINGS[1]


def _moves_wider(trial: Trial, due: Any, name: str = "") -> bool:
    """Whether most outputs that a small move left as they were move in extended precision: nothing is float32 inside.

    √(1 + x²) − 1 stands still as well, on the spacings of one.
    """
    wide = extended_trial(trial)
    tiny = None if wide is None else _moved(wide, 2.0**-30, name)
    return wide is not None and tiny is not None and bool(np.mean(tiny[due] != wide.y0[due]) > 0.5)


def _all_long(outputs: Array) -> bool:
    """Whether no output is a number that float32 can hold: then none is rounded to it, nor to a shorter one."""
    numbers = outputs.view(np.float64)
    return not np.count_nonzero(numbers == numbers.astype(np.float32))


def _output_spacing(trial: Trial) -> float | None:
    """Return the spacing of float64 or of the short format that the outputs are numbers of; None where they are not."""
    exponents = iter(_LONGS)  # one loss in a short format may rest on several of these moves
    numbers = np.zeros(0)
    while not numbers.size and (exponent := next(exponents, None)) is not None:
        moved = _numbers(trial, exponent)
        if moved is None:
            return _SPACINGS[0]
        numbers = moved
    for spacing, rounded in zip(_SPACINGS[:0:-1], (_bfloat, _half, _single), strict=True):
        if numbers.size and np.array_equal(numbers, rounded(numbers)):
            others = [_numbers(trial, exponent) for exponent in exponents]
            known = np.concatenate([numbers, *(more for more in others if more is not None)])
            return _SPACINGS[0] if _on_a_grid(known[known > 0], spacing) else spacing
    return None


def _numbers(trial: Trial, exponent: int) -> Any:
    """Return the size of outputs that move with the inputs and are not zero, None where they are not finite.

    The first move is that of other questions; the longer ones go to other sides, on which one number may move.
    """
    y = _moved(trial, 2.0**-exponent, draw=0 if exponent == _LONGS[0] else exponent)
    return None if y is None else np.abs(y[(y != trial.y0) & (y != 0)].view(np.float64))


def short_spacing(gradient: Array) -> float:
    """Return the spacing of the short format that all numbers of an array are of, 0 where they are longer, or many."""
    if gradient.dtype.kind != "f" or is_large(gradient):
        return 0.0
    first = gradient.ravel()[:_FEW]
    if np.count_nonzero(first != first.astype(np.float32)):  # as of nearly all
        return 0.0
    numbers = np.abs(gradient.ravel().astype(np.float64))
    numbers = numbers[numbers > 0]
    if numbers.size < _FEW:
        return 0.0
    for spacing, rounded in zip(_SPACINGS[:1:-1], (_bfloat, _half), strict=True):
        if np.array_equal(numbers, rounded(numbers)):
            return 0.0 if _on_a_grid(numbers, spacing) else spacing
    return 0.0


def _on_a_grid(numbers: Any, spacing: float) -> bool:
    """Whether numbers are multiples of one quantum, small ones too: a staircase of even steps, no short format.

    A format keeps its digits in every binade. That a number with `k` digits more than the quantum has them all zero
    happens once in 2ᵏ; all of them together, once in a million at most. Whole numbers with digits to spare are
    counts, grey levels or what floor() returns, however few they are.
    """
    mantissas, exponents = np.frexp(numbers)
    whole = (mantissas * 2.0**53).astype(np.int64)
    quantum = np.min(np.log2((whole & -whole).astype(np.float64)) + exponents - 53)
    spare = quantum - (exponents - 1 + np.log2(spacing))
    return bool(np.sum(np.maximum(spare, 0.0)) >= 20 or (quantum >= 0 and np.any(spare > 0)))


def _single(values: Any) -> Any:
    return values.astype(np.float32).astype(np.float64)


def _half(values: Any) -> Any:
    return values.astype(np.float16).astype(np.float64)


def _bfloat(values: Any) -> Any:
    return (values.astype(np.float32).view(np.uint32) & np.uint32(0xFFFF0000)).view(np.float32).astype(np.float64)


def _moved(trial: Trial, size: float, name: str = "", draw: int = 0) -> Any:
    """Return the outputs where all inputs are moved, or one alone; None where they are not finite.

    Args:
        trial: at whose point.
        size: of the move, relative.
        name: of the input that moves alone, "" for all.
        draw: 0 for a move that makes every number larger; others go to either side, entry by entry.
    """
    rng = trial.rng("precision", *(() if draw == 0 else (draw,)))
    values = list(trial.values)
    for i, value in enumerate(values):
        if differentiable(value) and name in ("", trial.names[i]):
            values[i] = changed(value, partial(_step, rng, size, bool(np.count_nonzero(value)), draw != 0))
        elif isinstance(value, np.ndarray):
            values[i] = value.copy(order="K")
    trial.evaluations += 1
    try:
        y = flatten(trial.target.forward(*values))
    except Exception:  # the move may leave the domain; then nothing is known
        return None
    return y if y.shape == trial.y0.shape and all_finite(y) else None


def _step(rng: np.random.Generator, size: float, relative: bool, signed: bool, x: Array) -> Array:
    factor = off_zero(rng, np.shape(x)) / 1.5 if signed else rng.uniform(0.5, 1.0, np.shape(x))
    return np.asarray(x + size * (np.abs(x) if relative else 1.0) * factor)


def _shadow(trial: Trial) -> tuple[Trial | None, float]:
    """Return the trial in float64, None where it is not the same function; and the spacing of what it computes in."""
    values = [
        v.astype(np.complex128 if v.dtype.kind == "c" else np.float64) if differentiable(v) else v for v in trial.values
    ]
    shadow, unknown = Trial(trial.target, trial.settings, values), _SPACINGS[0]
    try:
        leaves = list(_leaves(shadow.outputs))
        y0 = shadow.y0
    except Exception:  # a forward may insist on its own dtype; then it is judged natively
        return None, unknown
    if y0.shape != trial.y0.shape or not all_finite(y0):
        return None, unknown
    inside = effective_spacing(shadow)
    if inside > _SPACINGS[0] or any(_eps(leaf) > _SPACINGS[0] for leaf in leaves):
        return None, inside
    # outputs that cancel are the rounding of what they cancel from, a number as large as the inputs, or one
    largest = max(1.0, *(extremes(value)[1] for value in values if differentiable(value)))
    rounding = _ROUNDED * max(_eps(v) for v in trial.values if differentiable(v)) * largest * sqrt(y0.size)
    same = norm(y0 - trial.y0) <= 1e-2 * norm(y0) + rounding
    return (shadow if same or _alike(trial, shadow) else None), unknown


def _alike(trial: Trial, shadow: Trial) -> bool:
    """Whether both precisions claim the same gradients, although cancellation sets their values apart."""
    try:
        narrow, wide = trial.gradients(0), shadow.gradients(0)
    except Exception:  # a backward may insist on its own dtype
        return False
    for name in trial.claimed_blocks():
        a, b = narrow[name], wide.get(name)
        if b is None or b.shape != a.shape or distance(a, b) > 1e-2 * norm(b):
            return False
    return True


def _leaves(outputs: Any) -> Any:
    from gradcheck.tree import leaves

    return (leaf for _, leaf in leaves(outputs) if isinstance(leaf, float) or differentiable(leaf))


def _eps(value: Any) -> float:
    return float(np.finfo(value.dtype).eps) if isinstance(value, (np.ndarray, np.generic)) else 2.0**-52
