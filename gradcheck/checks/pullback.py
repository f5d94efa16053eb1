"""Identities that every pullback obeys, whatever its function: no step, no measurement."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from gradcheck.checks.contract import close, loose
from gradcheck.checks.stale import kept_caches
from gradcheck.checks.trial import Trial
from gradcheck.compare import Verdict
from gradcheck.norms import norm
from gradcheck.point import differentiable
from gradcheck.report import Finding
from gradcheck.tree import leaves, rebuild

__all__ = ["pullback_linear", "pullback_repeatable", "pullback_zero"]

_LINEAR = 1e-7  # relative; a nonlinear pullback errs by O(1) at one of the scales below
_MIXED = (-2.5, 0.75)  # of two cotangents
# of one, the largest that fits into the dtype: a power of two passes through every sum and product without rounding
_POWERS = (20, 12, 6)


def pullback_repeatable(trial: Trial) -> Iterator[Finding]:
    """The pullback gives the same gradients again: on the same cache, on a fresh one, after a forward elsewhere."""
    first = trial.gradients(0)
    _, pullback = trial.linearize()
    once, twice = trial.read(pullback(trial.cotangent(0))), trial.read(pullback(trial.cotangent(0)))
    wrong = False
    for name in trial.claimed_blocks():
        for other, when in ((once, "a second forward and backward"), (twice, "a second backward on the same cache")):
            if other.get(name) is None or other[name].shape != first[name].shape:
                ratio = "no gradient or another shape"
            elif close(first[name], other[name], 1e-10, trial.faintest(name)):
                continue
            else:
                size = norm(first[name])
                ratio = f"{norm(other[name]) / size:.4g} × the first in norm" if size else "not zero"
            wrong = True
            message = (
                f"gradient of {name} is not repeatable: {when} gave {ratio}. Gradients are returned, not accumulated; "
                "a random backward needs the mask of its own forward"
            )
            yield trial.finding("pullback.repeatable", name, Verdict.MALFORMED, message)
            break
    for name, message in kept_caches(trial) if not wrong else ():
        wrong = True
        yield trial.finding("pullback.repeatable", name, Verdict.MALFORMED, message, pattern="stale_cache")
    if not wrong:
        yield trial.finding("pullback.repeatable", "", Verdict.AGREES)


def pullback_zero(trial: Trial) -> Iterator[Finding]:
    """A cotangent of zeros gives gradients of zeros."""
    _, pullback = trial.linearize()
    answer, wrong = trial.read(pullback(trial.cotangent(0, 0.0))), False
    for name in trial.claimed_blocks():
        gradient = answer.get(name)
        if gradient is not None and np.any(gradient != 0):
            wrong = True
            size = float(np.max(np.abs(np.nan_to_num(gradient, nan=np.inf))))
            message = (
                f"gradient of {name} for a cotangent of zeros is not zero but up to {size:.3g}: a term does not "
                "pass through the cotangent"
            )
            yield trial.finding("pullback.zero", name, Verdict.MALFORMED, message, gap=size)
    if not wrong:
        yield trial.finding("pullback.zero", "", Verdict.AGREES)


def pullback_linear(trial: Trial) -> Iterator[Finding]:
    """The pullback is linear in the cotangent: B(a u + b w) = a B(u) + b B(w), for |a| from 1e-6 to 1e6."""
    first, second = trial.gradients(0), trial.gradients(1)
    blocks, wrong = trial.claimed_blocks(), set()
    for a, b in _factors(trial):
        others = iter([leaf for _, leaf in leaves(trial.cotangent(1))])

        def mix(leaf: object, a: float = a, b: float = b, others: object = others) -> object:
            other = next(others)  # type: ignore[call-overload]
            if leaf is None:
                return None
            mixed = a * np.asarray(leaf) + b * np.asarray(other)
            if isinstance(leaf, np.ndarray):
                return mixed.astype(leaf.dtype)
            return mixed.astype(leaf.dtype)[()] if isinstance(leaf, np.generic) else mixed.item()

        _, pullback = trial.linearize()
        answer = trial.read(pullback(rebuild(trial.cotangent(0), mix)))
        for name in blocks:
            if name in wrong or second.get(name) is None or second[name].shape != first[name].shape:
                continue
            got = answer.get(name)
            wide = np.complex128 if first[name].dtype.kind == "c" else np.float64
            ordinary = norm(first[name])
            size = abs(a) * ordinary + abs(b) * norm(second[name])
            eps = float(np.finfo(first[name].dtype).eps) if first[name].dtype.kind in "fc" else 2.0**-52
            gap = np.inf
            if got is not None and got.shape == first[name].shape:
                if not np.all(np.isfinite(got)) and abs(a) > 2 and eps > 1e-5:
                    continue  # a product on the way may leave the range of such numbers where the answer does not
                off = got.astype(wide)  # in place from here: a block may be large
                for factor, claim in ((a, first[name]), (b, second[name])):
                    if factor:
                        off -= np.multiply(claim, factor, dtype=wide)
                gap = norm(off)
            eps = max(eps, trial.target.spacing or 0.0)
            # a backward that iterates to a tolerance errs by as much for a small cotangent as for an ordinary one
            allowed = max(max(_LINEAR, loose(eps)) * size, min(max(_LINEAR, 16 * eps), 0.1 * abs(a)) * ordinary)
            if gap <= allowed:
                continue
            # what neighbouring points claim explains no change of scale at one point; at a kink they differ by all
            unsure = trial.faintest(name) if b == 0 else 10 * _rounding(trial, name)
            if not gap <= unsure * max(abs(a), abs(b)):
                wrong.add(name)
                share = gap / size if size else np.inf
                message = (
                    f"gradient of {name} is not linear in the cotangent: B({a:g} u + {b:g} w) is off by {share:.2g} of "
                    "its size. Clipped, squared, or the cotangent is ignored?"
                )
                yield trial.finding("pullback.linear", name, Verdict.MALFORMED, message, gap=share)
    if not wrong:
        yield trial.finding("pullback.linear", "", Verdict.AGREES)


def _rounding(trial: Trial, name: str) -> float:
    """Return how far a gradient is rounding only, in norm.

    As far as it varies among points one rounding away, or trembles along a line; and as far as it moves the outputs
    by less than their own rounding, for a move of the input by its own size.
    """
    largest = trial.faintest(name, measured=True)
    eps = max(float(np.finfo(v.dtype).eps) for v in trial.values if differentiable(v))
    for number in (0, 1):
        trembles = trial.tremor(number, eps).get(name)
        largest = largest if trembles is None else max(largest, norm(trembles))
        claims = [g for g in (n.get(name) for n in trial.neighbours(number)) if g is not None]
        for one, other in pairwise(claims):
            if one.shape == other.shape:
                largest = max(largest, norm(one - other))
    return largest


def _factors(trial: Trial) -> Iterator[tuple[float, float]]:
    """Yield factors of two cotangents: a sum, then one made very large and very small, as far as its dtype goes."""
    if _representable(trial, -_MIXED[0]):
        yield _MIXED
    for sign in (1, -1):
        fitting = (-sign * 2.0 ** (sign * power) for power in _POWERS if _representable(trial, 2.0 ** (sign * power)))
        yield from ((factor, 0.0) for factor in list(fitting)[:1])


def _representable(trial: Trial, factor: float) -> bool:
    """Whether gradients scaled by a factor stay well inside the range of their dtype (float16 ends at 65504)."""
    for gradient in trial.gradients(0).values():
        if gradient is not None and gradient.dtype.kind in "fc" and gradient.size:
            info = np.finfo(gradient.dtype)
            room = 1e6 if info.max > 1e9 else 32.0
            size = factor * np.max(np.abs(gradient), initial=0.0, where=np.isfinite(gradient))
            if size and not info.tiny * room < size < info.max / room:
                return False
    return True
