"""The form of a backward's answer: which gradients, of which shape and dtype, and what it leaves alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import Any

import numpy as np

from gradcheck.checks.claims import viewed
from gradcheck.checks.nearby import faintest
from gradcheck.checks.trial import Trial
from gradcheck.compare import Verdict
from gradcheck.errors import ContractError
from gradcheck.norms import all_finite, norm
from gradcheck.pieces import distance, identical, is_large, pieces, same
from gradcheck.point import Array, differentiable
from gradcheck.report import Finding
from gradcheck.tree import leaves

__all__ = [
    "contract_aliasing",
    "contract_dtype",
    "contract_finite",
    "contract_keys",
    "contract_layout",
    "contract_mutation",
    "contract_none",
    "contract_shape",
]


_OPEN = (
    "{name} holds {what}: a label or a mask, or an input at a special point? Name in wrt what is due a gradient, or "
    "give a point of other numbers"
)


def contract_keys(trial: Trial) -> Iterator[Finding]:
    """The backward answers for every input and parameter of the forward, and for no others."""
    answer = trial.gradients(0)
    due = set(trial.target.point.blocks if trial.target.wrt is None else trial.target.wrt)
    wrong = False
    for name in trial.names:
        if name in due and name not in answer:
            wrong = True
            have = ", ".join(answer) or "none"
            message = f"backward returned no gradient for {name}; it returned {have}"
            yield trial.finding("contract.keys", name, Verdict.MALFORMED, message)
    for name in answer:
        if name not in trial.names:
            wrong = True
            message = (
                f"backward returned a gradient for {name!r}, which the forward does not take: {', '.join(trial.names)}"
            )
            yield trial.finding("contract.keys", "", Verdict.MALFORMED, message)
    if not wrong:
        yield trial.finding("contract.keys", "", Verdict.AGREES)


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
            if gradient is not None and isinstance(value, np.ndarray) and np.any(np.asarray(gradient) != 0):
                told = True
                message = (
                    f"backward returned a gradient for {name}, which holds {value.dtype}: no derivative is defined "
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


def _undue(trial: Trial, name: str, alone: bool) -> Verdict:
    """Return what None for an input deserves: INCONCLUSIVE where it may be a mask or a parameter at its start."""
    value, wrt = trial.value(name), trial.target.wrt
    if wrt is not None:
        return Verdict.MALFORMED if name in wrt else Verdict.AGREES
    whole, values = np.all(value == np.round(value.real)), np.unique(value)
    like_a_label = whole or values.size <= min(2, value.size - 1)
    unsure = (value.size > 1 and values.size == 1) or bool(whole and np.min(values.real) < -1)
    if (like_a_label and not alone and not unsure) or not _moves(trial, name):
        return Verdict.AGREES
    return Verdict.INCONCLUSIVE if unsure and like_a_label and not alone else Verdict.MALFORMED


def _moves(trial: Trial, name: str) -> bool:
    """Whether an output moves with an input."""
    value = trial.value(name)
    step = 1e-3 * np.where(value == 0, np.max(np.abs(value)) or 1.0, value)
    moved = [trial.evaluator(name)((value + sign * step).astype(value.dtype)) for sign in (1, -1)]
    return any(y is not None and bool(np.any(y != trial.y0)) for y in moved)


def contract_shape(trial: Trial) -> Iterator[Finding]:
    """Each gradient has the shape of its input, (3,) for (3, 1) not excepted."""
    wrong = False
    for name, gradient in _arrays(trial):
        shape = trial.value(name).shape
        if gradient.shape != shape:
            wrong = True
            hint = _shape_hint(gradient.shape, shape)
            message = f"gradient of {name} has shape {gradient.shape} where {name} has shape {shape}{hint}"
            yield trial.finding("contract.shape", name, Verdict.MALFORMED, message)
    if not wrong:
        yield trial.finding("contract.shape", "", Verdict.AGREES)


def _shape_hint(got: tuple[int, ...], due: tuple[int, ...]) -> str:
    if got == due[::-1]:
        return ": transposed?"
    if np.prod(got, dtype=int) == np.prod(due, dtype=int):
        return ": a reshape is missing"
    return ": a sum over a broadcast axis is missing?" if len(got) >= len(due) else ""


def contract_dtype(trial: Trial) -> Iterator[Finding]:
    """Each gradient has the dtype of its input: float32 in, float32 out, and nothing narrower than came in.

    Inputs of several dtypes meet in one, and a forward may answer in wider numbers than it was given, as numpy does
    beside float64 constants: a gradient as wide as its cotangents is right there, too.
    """
    if all(gradient.dtype == trial.value(name).dtype for name, gradient in _arrays(trial)):
        yield trial.finding("contract.dtype", "", Verdict.AGREES)
        return
    wrong = False
    inputs = [v.dtype for v in trial.values if differentiable(v)]
    outputs = [np.asarray(leaf).dtype for _, leaf in leaves(trial.outputs) if _floats(leaf)]
    common = np.result_type(*inputs, *outputs)
    widens = bool(outputs) and all(d.kind == "f" and d.itemsize > inputs[0].itemsize for d in outputs)
    for name, gradient in _arrays(trial):
        dtype = trial.value(name).dtype
        mixed = (len(set(inputs)) > 1 or widens) and gradient.dtype in (common, np.result_type(*inputs))
        mixed = mixed and (gradient.dtype.kind == "c") == (dtype.kind == "c")  # of a real input, the real part alone
        if gradient.dtype.newbyteorder("=") != dtype.newbyteorder("=") and not (
            mixed and np.promote_types(dtype, gradient.dtype) == gradient.dtype
        ):
            wrong = True
            message = f"gradient of {name} has dtype {gradient.dtype} where {name} has dtype {dtype}"
            yield trial.finding("contract.dtype", name, Verdict.MALFORMED, message)
    if not wrong:
        yield trial.finding("contract.dtype", "", Verdict.AGREES)


def _floats(leaf: Any) -> bool:
    return isinstance(leaf, (np.ndarray, np.generic)) and leaf.dtype.kind in "fc"


def contract_finite(trial: Trial) -> Iterator[Finding]:
    """Gradients are finite wherever the forward is."""
    wrong = False
    for name, gradient in _arrays(trial):
        if not all_finite(gradient):
            wrong, bad = True, ~np.isfinite(gradient)
            worst = tuple(int(i) for i in np.argwhere(bad)[0])
            message = (
                f"gradient of {name} is not finite in {int(bad.sum())} of {bad.size} entries, first at "
                f"{name}{list(worst)}"
            )
            number = int(bad.sum())
            yield trial.finding("contract.finite", name, Verdict.MALFORMED, message, worst=worst, wrong=number)
    if not wrong:
        yield trial.finding("contract.finite", "", Verdict.AGREES)


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
    _, pullback = trial.linearize()
    held = pullback(trial.cotangent(0))
    kept = {name: value if value is None else _remembered(value) for name, value in viewed(held).items()}
    trial.claims.let_go()
    pullback(trial.cotangent(1))
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
    """The backward gives the same gradients for a cotangent of another memory layout."""
    from gradcheck.tree import rebuild

    def strided(leaf: Any) -> Any:
        if not isinstance(leaf, np.ndarray) or leaf.ndim == 0:
            return leaf
        wide = np.full((*leaf.shape[:-1], 2 * leaf.shape[-1]), np.nan, leaf.dtype, order="F")
        wide[..., ::2] = leaf
        return wide[..., ::2]

    trial.gradients(0)  # before the other is there
    answer = _fresh(trial, rebuild(trial.cotangent(0), strided))
    wrong = [name for name, gradient in _arrays(trial) if not _alike(trial, name, gradient, answer.get(name))]
    if wrong:
        answer = _fresh(trial, trial.cotangent(0))
        if not all(_alike(trial, name, trial.gradients(0)[name], answer.get(name)) for name in wrong):
            return  # it does not repeat itself for the same cotangent either, which `pullback.repeatable` tells
    for name in wrong:
        message = (
            f"gradient of {name} differs for a cotangent that is not contiguous: its memory was read in the wrong order"
        )
        yield trial.finding("contract.layout", name, Verdict.MALFORMED, message)
    if not wrong:
        yield trial.finding("contract.layout", "", Verdict.AGREES)


def _fresh(trial: Trial, cotangent: Any) -> Mapping[str, Any]:
    """Return what a backward after a forward of its own answers."""
    return viewed(trial.linearize()[1](cotangent))


def _alike(trial: Trial, name: str, gradient: Array, other: Array | None) -> bool:
    """Whether another answer is the same up to its rounding."""
    if other is None or other.shape != gradient.shape:
        return False
    return identical(gradient, other) or any(
        close(gradient, other, 1e-6, faintest(trial, name, measured=asked)) for asked in (False, True)
    )


def _arrays(trial: Trial) -> Iterator[tuple[str, Array]]:
    answer: Mapping[str, Any] = trial.gradients(0)
    for name in trial.target.point.blocks:
        gradient = answer.get(name)
        if gradient is not None:
            if gradient.dtype.kind == "O":
                raise ContractError(f"gradient of {name} has dtype=object", wrt=name, check="contract.dtype")
            yield name, gradient


def loose(eps: float) -> float:
    """Return the relative gap that rounding in numbers of spacing eps may cause between two equal gradients."""
    return 1e4 * eps if eps < 1e-5 else 16 * eps


def close(a: Array, b: Array, relative: float, floor: float = 0.0) -> bool:
    """Whether two gradients are equal up to a fraction of the first one's norm (coarser below float64), or `floor`."""
    if identical(a, b):
        return True
    eps = max(float(np.finfo(x.dtype).eps) if x.dtype.kind in "fc" else 0.0 for x in (a, b))
    allowed = max(relative, loose(eps)) * norm(a) + floor
    with np.errstate(all="ignore"):
        gap = distance(a, b)
    return gap <= allowed or same(a, b)
