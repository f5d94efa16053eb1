"""What a backward does to memory: writes into it, hands out buffers of its own, takes a layout for granted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import Any

import numpy as np

from gradcheck.checks.alike import close, loose
from gradcheck.checks.claims import viewed
from gradcheck.checks.contract import gradients_of
from gradcheck.checks.nearby import faintest
from gradcheck.checks.oneround import alike_in_all, in_columns, strided
from gradcheck.checks.precision import short_spacing, stage_for
from gradcheck.checks.trial import Trial
from gradcheck.compare import Verdict
from gradcheck.pieces import identical, is_large, pieces, same
from gradcheck.point import Array
from gradcheck.report import Finding
from gradcheck.tree import rebuild

__all__ = ["contract_aliasing", "contract_layout", "contract_mutation"]


_LEVEL = 0.73  # a cotangent that is the same everywhere


def contract_mutation(trial: Trial) -> Iterator[Finding]:
    """The backward leaves the inputs, the parameters and the cotangent as they were."""
    wrong = False
    for name, by_backward in trial.written:
        wrong = True
        if name:
            trial.protect = True
            who = "backward" if by_backward else "the linearized forward"
            message = f"{who} writes into {name}: the caller's array has changed after the call; work on a copy"
        else:
            message = (
                "backward writes into its cotangent: whoever else uses that array gets a wrong gradient; work on a copy"
            )
        yield trial.finding("contract.mutation", name, Verdict.MALFORMED, message)
    if not wrong:
        yield trial.finding("contract.mutation", "", Verdict.AGREES)


def contract_aliasing(trial: Trial) -> Iterator[Finding]:
    """A returned gradient stays what it was when the backward, or the forward, is called again."""
    pullback, held = trial.held()
    kept = {name: value if value is None else _remembered(value) for name, value in viewed(held).items()}
    trial.claims.let_go()
    again = pullback(trial.cotangent(1))
    trial.heard = None if trial.holds_large else viewed(again)
    del again
    if trial.heard is None or not alike_in_all(trial, trial.heard):
        _, other = trial.linearize()
        trial.claims.keep(1, viewed(other(trial.cotangent(1))), large=False)
    wrong = False
    for name, value in kept.items():
        now = held[name]
        if value is not None and isinstance(now, np.ndarray) and not _as_remembered(now, value):
            wrong = True
            message = (
                f"the gradient of {name} changed after it was returned, when backward was called again: it is an "
                "internal buffer"
            )
            yield trial.finding("contract.aliasing", name if name in trial.names else "", Verdict.MALFORMED, message)
    if not wrong:
        yield trial.finding("contract.aliasing", "", Verdict.AGREES)


def _remembered(gradient: Array) -> Array | bytes:
    """Return what tells later whether an array has changed: a copy, or of a large one its digest."""
    return _digest(gradient) if is_large(gradient) else gradient.copy()


def _as_remembered(gradient: Array, kept: Array | bytes) -> bool:
    return _digest(gradient) == kept if isinstance(kept, bytes) else same(gradient, kept)


def _digest(gradient: Array) -> bytes:
    """Return what tells an array from any other: of all its numbers, −0 as 0 and every NaN as one."""
    told = blake2b(f"{gradient.dtype} {gradient.shape}".encode())
    for (part,) in pieces(gradient):
        for numbers in (part.real, part.imag) if part.dtype.kind == "c" else (part,):
            told.update(_bytes(numbers))
    return told.digest()


def _bytes(numbers: Array) -> bytes:
    if numbers.dtype.kind != "f":
        return numbers.tobytes()
    clean = np.where(np.isnan(numbers), np.nan, numbers + 0.0)
    if numbers.dtype.itemsize <= 8:
        return clean.tobytes()
    mantissa, exponent = np.frexp(clean)  # of an extended number's own bytes some mean nothing
    high = mantissa.astype(np.float64)
    return high.tobytes() + (mantissa - high).astype(np.float64).tobytes() + exponent.tobytes()


def contract_layout(trial: Trial) -> Iterator[Finding]:
    """The backward gives the same gradients for a cotangent of another memory layout.

    Of torch also for one number that stands for all (stride 0), which is what a sum hands down.
    """
    trial.gradients(0)  # before the other is there
    wrong: list[str] = []
    layouts = () if trial.alike else (strided,) if trial.holds_large else (strided, in_columns)
    for layout in layouts:
        answer = _fresh(trial, rebuild(trial.cotangent(0), layout))
        wrong = [name for name, gradient in gradients_of(trial) if not _alike(trial, name, gradient, answer.get(name))]
        if wrong:
            break
    if wrong:
        answer = _fresh(trial, trial.cotangent(0))
        if not all(_alike(trial, name, trial.gradients(0)[name], answer.get(name)) for name in wrong):
            return  # it does not repeat itself for the same cotangent either, which `pullback.repeatable` tells
    told = dict.fromkeys(wrong, "is not contiguous: its memory was read in the wrong order")
    if trial.target.autograd == "torch" and not wrong and not trial.written:  # nothing is written into one number
        answers = [_fresh(trial, rebuild(trial.cotangent(0), level)) for level in (_levelled, _broadcast)]
        for name, gradient in answers[0].items():
            if gradient is not None and not _alike(trial, name, gradient, answers[1].get(name)):
                told[name] = (
                    "is one number for all outputs (stride 0), as that of a sum is: it takes its strides for granted"
                )
    for name, how in told.items():
        yield trial.finding(
            "contract.layout", name, Verdict.MALFORMED, f"gradient of {name} differs for a cotangent that {how}"
        )
    if not told:
        yield trial.finding("contract.layout", "", Verdict.AGREES)


def _levelled(leaf: Any) -> Any:
    return np.full_like(leaf, _LEVEL) if isinstance(leaf, np.ndarray) and leaf.dtype.kind in "fc" else leaf


def _broadcast(leaf: Any) -> Any:
    if not isinstance(leaf, np.ndarray) or leaf.dtype.kind not in "fc":
        return leaf
    return np.broadcast_to(np.asarray(_LEVEL, leaf.dtype), leaf.shape)


def _fresh(trial: Trial, cotangent: Any) -> Mapping[str, Any]:
    """Return what a backward after a forward of its own answers."""
    return viewed(trial.linearize()[1](cotangent))


def _alike(trial: Trial, name: str, gradient: Array, other: Array | None) -> bool:
    """Whether another answer is the same up to its rounding."""
    if other is None or other.shape != gradient.shape:
        return False
    if identical(gradient, other):
        return True
    # arrays of float32 may hold sums of float16
    relative = max(1e-6, loose(max(stage_for(trial).claim_eps, short_spacing(gradient))))
    return any(close(gradient, other, relative, faintest(trial, name, measured=asked)) for asked in (False, True))
