"""Identities that every pullback obeys, whatever its function: no step, no measurement."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from math import hypot, isfinite
from typing import Any

import numpy as np

from gradcheck.checks.alike import close, loose
from gradcheck.checks.beside import widened
from gradcheck.checks.claims import viewed
from gradcheck.checks.mixtures import factors_of, made_large, mixed, off_from, spacing_inside
from gradcheck.checks.nearby import faintest, neighbours, tremor
from gradcheck.checks.oneround import once_off
from gradcheck.checks.precision import stage_for
from gradcheck.checks.solvers import size_of, wavering
from gradcheck.checks.stale import kept_caches
from gradcheck.checks.trial import Trial
from gradcheck.compare import Verdict
from gradcheck.norms import all_finite, norm
from gradcheck.pieces import identical, is_large, pieces
from gradcheck.point import Array, differentiable
from gradcheck.report import Finding
from gradcheck.tree import leaves, rebuild

__all__ = ["pullback_linear", "pullback_repeatable", "pullback_zero"]

_LINEAR = 1e-7  # relative; a nonlinear pullback errs by O(1) at one of the scales below
_STOPS = 30  # what stops at a tolerance may be farther off for this mixture than it wavers


def pullback_repeatable(trial: Trial) -> Iterator[Finding]:
    """The pullback gives the same gradients again: on the same cache, on a fresh one, after a forward elsewhere."""
    trial.gradients(0)
    blocks = trial.claimed_blocks()
    alike = trial.alike or (trial.heard is not None and not any(_unlike(trial, blocks, 1, trial.heard)))
    told = {} if alike else _asked_again(trial, blocks)
    wrong = bool(told)
    trial.rereads = not wrong and not trial.holds_large
    for name in blocks:
        if name in told:
            message = (
                f"gradient of {name} is not repeatable: {told[name]}. Gradients are returned, not accumulated; "
                "a random backward needs the mask of its own forward"
            )
            yield trial.finding("pullback.repeatable", name, Verdict.MALFORMED, message)
    for name, message, pattern in kept_caches(trial, trial.visited) if not wrong else ():
        wrong = True
        yield trial.finding("pullback.repeatable", name, Verdict.MALFORMED, message, pattern=pattern)
    for name in once_off(trial) if not wrong else ():
        wrong = True
        message = (
            f"gradient of {name} is not repeatable: once it was far off, and the same calls made again gave what the "
            "others say. It depends on how often the backward was called, or on chance"
        )
        yield trial.finding("pullback.repeatable", name, Verdict.MALFORMED, message)
    if not wrong:
        yield trial.finding("pullback.repeatable", "", Verdict.AGREES)


def _asked_again(trial: Trial, blocks: Sequence[str]) -> dict[str, str]:
    """Return what is said otherwise a second time, by input."""
    _, pullback = trial.linearize()
    told: dict[str, str] = {}
    for when in ("a second forward and backward", "a second backward on the same cache"):
        # looked at before the next one is asked for, so that no two of them are there
        for name, ratio in _unlike(trial, blocks, 0, viewed(pullback(trial.cotangent(0)))):
            told.setdefault(name, f"{when} gave {ratio}")
    return told


def _unlike(trial: Trial, blocks: Sequence[str], number: int, other: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (name, how) of what an answer to one cotangent says otherwise than the first time."""
    for name in blocks:
        first = trial.gradient(number, name)
        if other.get(name) is None or other[name].shape != first.shape:
            yield name, "no gradient or another shape"
        elif not (identical(first, other[name]) or close(first, other[name], 1e-10, faintest(trial, name))):
            size = norm(first)
            yield name, f"{norm(other[name]) / size:.4g} × the first in norm" if size else "not zero"


def pullback_zero(trial: Trial) -> Iterator[Finding]:
    """A cotangent of zeros gives gradients of zeros."""
    blocks = trial.claimed_blocks()  # first: they may call the pullback, whose answer is read where it lies
    answer, wrong = viewed(trial.pullback()(trial.cotangent(0, 0.0))), False
    for name in blocks:
        gradient = answer.get(name)
        if gradient is not None and np.count_nonzero(gradient):
            wrong = True
            size = float(np.max(np.abs(np.nan_to_num(gradient, nan=np.inf))))
            finite = all_finite(gradient)
            off = f"up to {size:.3g}" if finite else "not finite"
            why = "a term does not pass through the cotangent" if finite else "is something divided by the cotangent?"
            message = f"gradient of {name} for a cotangent of zeros is not zero but {off}: {why}"
            yield trial.finding("pullback.zero", name, Verdict.MALFORMED, message, gap=size)
    if not wrong:
        yield trial.finding("pullback.zero", "", Verdict.AGREES)


def pullback_linear(trial: Trial) -> Iterator[Finding]:
    """The pullback is linear in the cotangent: B(a u + b w) = a B(u) + b B(w), for |a| from 1e-6 to 1e6."""
    blocks, wrong = trial.claimed_blocks(), set()
    inside = spacing_inside(trial)
    factors = factors_of(trial, inside)
    for a, b in () if _plainly(trial, factors, inside) else factors:
        due = _due(trial, blocks, a, b)
        gaps = _gaps(trial, due, trial.pullback()(mixed(trial, a, b)))
        for name in blocks:
            first, second = trial.size_of(0, name), trial.size_of(1, name)
            if name in wrong or first is None or second is None or second.shape != first.shape:
                continue
            ordinary = first.norm
            size = abs(a) * ordinary + abs(b) * second.norm
            gap = gaps[name]
            eps = max(first.eps, inside, trial.target.spacing or 0.0)
            if not gap <= _LINEAR * size:  # what the forward computes in, where that is asked for
                eps = max(eps, stage_for(trial).claim_eps)
            if not isfinite(gap) and abs(a) > 2 and eps > 1e-5:
                continue  # a product on the way may leave the range of such numbers where the answer does not
            # a backward that iterates to a tolerance errs by as much for a small cotangent as for an ordinary one
            allowed = max(max(_LINEAR, loose(eps)) * size, min(max(_LINEAR, 16 * eps), 0.1 * abs(a)) * ordinary)
            if gap <= allowed:
                continue
            # what neighbouring points claim explains no change of scale at one point; at a kink they differ by all
            moves = max(wavering(trial, 0), wavering(trial, 1)) / size_of(trial.value(name))
            if gap <= _STOPS * moves * max(abs(a), abs(b), 0.1):
                continue
            unsure = faintest(trial, name) if b == 0 else 10 * _rounding(trial, name)
            if not gap <= unsure * max(abs(a), abs(b)) and not _gone(trial, name, a, b, gap):
                wrong.add(name)
                share = gap / size if size else np.inf
                message = (
                    f"gradient of {name} is not linear in the cotangent: B({a:g} u + {b:g} w) is off by {share:.2g} of "
                    "its size. Clipped, squared, or the cotangent is ignored?"
                )
                yield trial.finding("pullback.linear", name, Verdict.MALFORMED, message, gap=share)
    if not wrong:
        yield trial.finding("pullback.linear", "", Verdict.AGREES)


def _plainly(trial: Trial, factors: Sequence[tuple[float, float]], inside: float) -> bool:
    """Whether nothing is off for the mixture made very large, and for the first cotangent made very small.

    A backward that does not scale, or does not add, is off there too: the mixture itself is asked only where it is.
    """
    if trial.alike:
        return True
    if len(factors) < 3 or trial.holds_large:
        return False
    for mixture in (made_large(factors), factors[2]):
        if off_from(trial, mixture, viewed(trial.pullback()(mixed(trial, *mixture))), _LINEAR, inside):
            return False
    return True


def _gaps(trial: Trial, due: Mapping[str, list[tuple[float, Array]]], answer: Any) -> dict[str, float]:
    """Return ‖B(a u + b w) − a B(u) − b B(w)‖₂ by input, inf where no such gradient is returned."""
    answer = viewed(answer)
    alike = {name: (got := answer.get(name)) is not None and got.shape == trial.value(name).shape for name in due}
    return {name: _off(answer[name], due[name]) if alike[name] else np.inf for name in due}


def _gone(trial: Trial, name: str, a: float, b: float, gap: float) -> bool:
    """Whether a gap is gone where the same backward is asked in wider numbers: then it was digits lost on the way."""
    kind = np.float64 if np.finfo(trial.value(name).dtype).eps > 1e-12 else np.longdouble
    wide = Trial(trial.target, trial.settings, [widened(value, kind) for value in trial.values])
    trial.forget()
    try:
        for number in (0, 1):
            wide.use_cotangent(number, rebuild(trial.cotangent(number), lambda u: widened(u, kind)))
        wider = [leaf.dtype for _, leaf in leaves(wide.outputs) if differentiable(leaf)]
        wider.append(wide.gradients(0)[name].dtype)
        narrow = any(np.finfo(dtype).eps >= np.finfo(trial.value(name).dtype).eps for dtype in wider)
        due = _due(wide, [name], a, b)
        return not narrow and _gaps(wide, due, wide.pullback()(mixed(wide, a, b)))[name] <= 0.1 * gap
    except Exception:  # a backward may insist on its own dtype; then nothing is known
        return False


def _due(trial: Trial, blocks: Sequence[str], a: float, b: float) -> dict[str, list[tuple[float, Array]]]:
    """Return the terms of a B(u) + b B(w) by input; those of large gradients summed, so that one is there at a time."""
    due: dict[str, list[tuple[float, Array]]] = {name: [] for name in blocks}
    for number, factor in ((0, a), (1, b)):
        claims = trial.gradients(number) if factor else {}
        for name in blocks:
            claim = claims.get(name)
            if claim is None or claim.shape != trial.value(name).shape:
                continue
            if b == 0 or not is_large(claim):
                due[name].append((factor, claim))
            elif not due[name]:
                due[name] = [(1.0, np.multiply(claim, factor, dtype=_wide(claim)))]
            else:
                ((_, total),) = due[name]
                for part, own, out in pieces(total, claim, out=total):
                    out[...] = part + np.multiply(own, factor, dtype=total.dtype)
        claims = {}
        claim = None
    if b:
        trial.claims.let_go()
    return due


def _off(got: Array, terms: Sequence[tuple[float, Array]]) -> float:
    """Return ‖got − Σ factor · term‖₂."""
    off = []
    for parts in pieces(got, *[term for _, term in terms]):
        rest = parts[0].astype(_wide(terms[0][1]))
        for (factor, _), term in zip(terms, parts[1:], strict=True):
            rest -= np.multiply(term, factor, dtype=rest.dtype)
        off.append(norm(rest))
    return hypot(*off)


def _wide(x: Array) -> type[np.complex128] | type[np.float64]:
    return np.complex128 if x.dtype.kind == "c" else np.float64


def _rounding(trial: Trial, name: str) -> float:
    """Return how far a gradient is rounding only, in norm.

    As far as it varies among points one rounding away, or trembles along a line; and as far as it moves the outputs
    by less than their own rounding, for a move of the input by its own size.
    """
    largest = faintest(trial, name, measured=True)
    eps = max(float(np.finfo(v.dtype).eps) for v in trial.values if differentiable(v))
    for number in (0, 1):
        trembles = tremor(trial, number, eps).get(name)
        largest = largest if trembles is None else max(largest, norm(trembles))
        claims = [g for g in (n.get(name) for n in neighbours(trial, number)) if g is not None]
        for one, other in pairwise(claims):
            if one.shape == other.shape:
                largest = max(largest, norm(one - other))
    return largest
