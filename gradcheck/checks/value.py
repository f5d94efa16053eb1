"""The forward's own contract, looked at before any derivative."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gradcheck.checks.cotangents import flatten
from gradcheck.checks.trial import Trial, unchanged
from gradcheck.compare import Verdict
from gradcheck.norms import all_finite
from gradcheck.pieces import identical
from gradcheck.point import Array
from gradcheck.report import Finding
from gradcheck.tree import leaves

__all__ = ["value_finite", "value_mutation", "value_primal", "value_repeatable", "value_type"]

_ULPS = 64  # blocked summation may round differently from call to call, by a few spacings


def value_type(trial: Trial) -> Iterator[Finding]:
    """The forward returns floating-point numbers: an array, a number, or a nest of arrays."""
    for name, leaf in leaves(trial.outputs):
        if isinstance(leaf, (np.ndarray, np.generic)) and leaf.dtype.kind == "O":
            where = f"output {name}" if name else "the output"
            yield trial.finding("value.type", "", Verdict.MALFORMED, f"{where} has dtype=object; return floats")
            return
        if isinstance(leaf, (np.matrix, np.ma.MaskedArray)):
            where = f"output {name}" if name else "the output"
            kind = type(leaf).__name__
            message = f"{where} is a {kind}, whose operators mean something else; return np.asarray of it"
            yield trial.finding("value.type", "", Verdict.MALFORMED, message)
            return
    if trial.y0.size == 0:
        got = ", ".join(f"{getattr(leaf, 'dtype', type(leaf).__name__)}" for _, leaf in leaves(trial.outputs))
        message = (
            f"expected floating-point outputs from the forward but got {got or 'nothing'}: no derivative is defined"
        )
        yield trial.finding("value.type", "", Verdict.MALFORMED, message)
        return
    yield trial.finding("value.type", "", Verdict.AGREES)


def value_finite(trial: Trial) -> Iterator[Finding]:
    """The forward is finite at the point."""
    if not all_finite(trial.y0):
        bad = int(np.count_nonzero(~np.isfinite(trial.y0)))
        message = f"forward returned {bad} NaN or infinite of {trial.y0.size} outputs at a finite point"
        yield trial.finding("value.finite", "", Verdict.MALFORMED, message)
    else:
        yield trial.finding("value.finite", "", Verdict.AGREES)


def value_mutation(trial: Trial) -> Iterator[Finding]:
    """The forward leaves its arguments as they were."""
    arguments = trial.fresh()
    trial.again = flatten(trial.forward(arguments))
    changed = [n for n, a, v in zip(trial.names, arguments, trial.values, strict=True) if not unchanged(a, v)]
    for name in changed:
        trial.protect = True
        message = (
            f"forward writes into its argument {name}: the caller's array has changed after the call; work on a copy"
        )
        yield trial.finding("value.mutation", name, Verdict.MALFORMED, message)
    if not changed:
        yield trial.finding("value.mutation", "", Verdict.AGREES)


def value_repeatable(trial: Trial) -> Iterator[Finding]:
    """The forward gives the same outputs for the same inputs, to round-off."""
    first, again = trial.y0, trial.again
    trial.again = None
    if again is None:
        again = flatten(trial.forward(trial.fresh()))
    if first.shape != again.shape:
        message = f"forward returned {first.size} outputs once and {again.size} the second time, for the same inputs"
        yield trial.finding("value.repeatable", "", Verdict.MALFORMED, message)
        return
    gap = _gap(first, again)
    if gap > 0.0 and gap > rounding_of(trial.outputs):
        message = (
            f"forward is not repeatable: the same inputs gave outputs that differ by {gap:.3g}. A random forward "
            "needs a fixed seed in every call; one that keeps state needs a fresh copy in every call"
        )
        yield trial.finding("value.repeatable", "", Verdict.MALFORMED, message, gap=gap)
    else:
        state = ", ".join(trial.target.keeps)
        message = f"the forward keeps state in {state}; every call was made on a fresh copy" if state else ""
        yield trial.finding("value.repeatable", "", Verdict.AGREES, message, gap=gap)


def value_primal(trial: Trial) -> Iterator[Finding]:
    """The forward that keeps a cache for its backward returns what the plain forward returns."""
    linearized = flatten(trial.begin())
    if linearized.shape != trial.y0.shape:
        message = f"the linearized forward returned {linearized.size} outputs where the forward returns {trial.y0.size}"
        yield trial.finding("value.primal", "", Verdict.MALFORMED, message)
        return
    gap = _gap(linearized, trial.y0)
    if gap > 0.0 and gap > rounding_of(trial.outputs):
        message = f"the linearized forward differs from the forward by {gap:.3g}: it differentiates another function"
        yield trial.finding("value.primal", "", Verdict.MALFORMED, message, gap=gap)
    else:
        yield trial.finding("value.primal", "", Verdict.AGREES, gap=gap)


def _gap(one: Array, other: Array) -> float:
    return 0.0 if identical(one, other) else float(np.max(np.abs(one - other), initial=0.0))


def rounding_of(outputs: Any) -> float:
    """Return what equal outputs may differ by: some spacings of the largest, at the coarsest precision."""
    largest, eps = 0.0, 2.0**-52
    for _, leaf in leaves(outputs):
        array = np.asarray(leaf)
        if array.dtype.kind in "fc" and array.size:
            finite = np.abs(array[np.isfinite(array)])
            largest = max(largest, float(np.max(finite, initial=0.0)))
            eps = max(eps, float(np.finfo(array.dtype).eps))
    return _ULPS * eps * largest
