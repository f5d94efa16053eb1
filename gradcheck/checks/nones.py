"""None for a gradient: "not differentiable", which is not zero."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradcheck.checks.precision import stage_for
from gradcheck.checks.trial import Trial
from gradcheck.compare import Verdict
from gradcheck.point import differentiable, is_label
from gradcheck.report import Finding

__all__ = ["contract_none"]

_OPEN = (
    "{name} holds {what}: a label or a mask, or an input at a special point? Name in wrt what is due a gradient, or "
    "give a point of other numbers"
)


def contract_none(trial: Trial) -> Iterator[Finding]:
    """None says "not differentiable", which is not zero: it is due for integers and wrong where outputs move.

    An input that looks like a label, mask or flag (integers, or at most two values) may be given None,
    as a constant of the function, if another input has a gradient; every other floating-point input that moves the
    outputs is due one. Where all entries are equal, or whole numbers below −1, it may be either: a mask of ones, or a
    parameter at its start.
    """
    answer, told = trial.gradients(0), False
    alone = not any(answer.get(name) is not None for name in trial.target.point.blocks)
    for name in trial.names:
        value, gradient = trial.values[trial.index(name)], answer.get(name)
        if not differentiable(value):
            if gradient is not None and _is_whole(value) and np.any(np.asarray(gradient) != 0):
                told = True
                what = value.dtype if isinstance(value, np.ndarray) else f"the {type(value).__name__} {value}"
                message = (
                    f"backward returned a gradient for {name}, which holds {what}: no derivative is defined "
                    "there; return None, or pass it as floats if it is meant to be differentiated"
                )
                yield trial.finding("contract.none", name, Verdict.MALFORMED, message)
        elif name in answer and gradient is None and (verdict := _undue(trial, name, alone)) is not Verdict.AGREES:
            told = True
            rest = "Return its gradient, or leave it out of wrt if it is a constant"
            what = "one value only" if np.unique(value).size == 1 else "whole numbers"
            reason = _OPEN.format(name=name, what=what) if verdict is Verdict.INCONCLUSIVE else ""
            message = (
                f'backward returned None for {name}, but the outputs move with it: None means "not differentiable". '
                f"{reason or rest}"
            )
            yield trial.finding("contract.none", name, verdict, message, reason=reason)
    if not told:
        yield trial.finding("contract.none", "", Verdict.AGREES)


def _is_whole(value: object) -> bool:
    """Whether it holds integers or booleans; a flag alone is an option of the function."""
    return isinstance(value, np.ndarray) or type(value) is int


def _undue(trial: Trial, name: str, alone: bool) -> Verdict:
    """Return what None for an input deserves: INCONCLUSIVE where it may be a mask or a parameter at its start."""
    value, wrt = trial.value(name), trial.target.wrt
    if wrt is not None:
        return Verdict.MALFORMED if name in wrt else Verdict.AGREES
    like_a_label = is_label(value)
    if (like_a_label and not alone) or not _moves(trial, name):
        return Verdict.AGREES
    return Verdict.INCONCLUSIVE if like_a_label is None and not alone else Verdict.MALFORMED


def _moves(trial: Trial, name: str) -> bool:
    """Whether an output moves with an input, in float64 where the function takes it: a small one moves little."""
    seen = stage_for(trial).trial
    value = seen.value(name)
    step = 1e-3 * np.where(value == 0, np.max(np.abs(value)) or 1.0, value)
    moved = [seen.evaluator(name)((value + sign * step).astype(value.dtype)) for sign in (1, -1)]
    return any(y is not None and bool(np.any(y != seen.y0)) for y in moved)
