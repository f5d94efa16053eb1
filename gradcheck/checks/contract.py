"""The form of a backward's answer: gradients of what, of which shape and dtype, finite."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from gradcheck.checks.trial import Trial
from gradcheck.compare import Verdict
from gradcheck.errors import ContractError
from gradcheck.norms import all_finite
from gradcheck.point import Array, differentiable
from gradcheck.report import Finding
from gradcheck.tree import leaves

__all__ = ["contract_dtype", "contract_finite", "contract_keys", "contract_shape", "gradients_of"]


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


def contract_shape(trial: Trial) -> Iterator[Finding]:
    """Each gradient has the shape of its input, (3,) for (3, 1) not excepted."""
    wrong = False
    for name, gradient in gradients_of(trial):
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
    if all(gradient.dtype == trial.value(name).dtype for name, gradient in gradients_of(trial)):
        yield trial.finding("contract.dtype", "", Verdict.AGREES)
        return
    wrong = False
    inputs = [v.dtype for v in trial.values if differentiable(v)]
    outputs = [np.asarray(leaf).dtype for _, leaf in leaves(trial.outputs) if _floats(leaf)]
    common = np.result_type(*inputs, *outputs)
    widens = bool(outputs) and all(d.kind == "f" and d.itemsize > inputs[0].itemsize for d in outputs)
    for name, gradient in gradients_of(trial):
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
    for name, gradient in gradients_of(trial):
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


def gradients_of(trial: Trial) -> Iterator[tuple[str, Array]]:
    """Yield each gradient that the backward returned for an input, for the first cotangent."""
    answer: Mapping[str, Any] = trial.gradients(0)
    for name in trial.target.point.blocks:
        gradient = answer.get(name)
        if gradient is not None:
            if gradient.dtype.kind not in "fciub":
                told = f"gradient of {name} has dtype={gradient.dtype}: no numbers; return floats"
                raise ContractError(told, wrt=name, check="contract.dtype")
            yield name, gradient
