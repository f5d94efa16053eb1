"""Sums of two cotangents, and one made very large or small: what a pullback owes to them is known beforehand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import inf
from typing import Any

import numpy as np

from gradcheck.checks.alike import loose
from gradcheck.checks.claims import Size
from gradcheck.checks.precision import short_spacing
from gradcheck.checks.trial import Trial
from gradcheck.norms import norm
from gradcheck.tree import leaves, rebuild

__all__ = ["factors_of", "made_large", "mixed", "off_from", "spacing_inside"]

_MIXED = (-2.5, 0.75)  # of two cotangents
# of one, the largest that fits into the dtype: a power of two passes through every sum and product without rounding
_POWERS = (20, 12, 6)
_HALF = 2.0**-10  # spacing of float16


def spacing_inside(trial: Trial) -> float:
    """Return the spacing of the short format that claims are numbers of: arrays of float32 may hold sums of float16."""
    if trial.inside is None:
        claims = (trial.gradient(0, name) for name in trial.claimed_blocks())
        trial.inside = max(map(short_spacing, claims), default=0.0)
    return trial.inside


def factors_of(trial: Trial, inside: float) -> list[tuple[float, float]]:
    """Return factors of two cotangents: of a sum, then of one made very large and very small, as its dtype has room.

    Args:
        trial: whose cotangents are mixed.
        inside: what `spacing_inside` says.
    """
    return list(_factors(trial, inside))


def made_large(factors: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Return the factors of the sum made very large, by those of the sum and of one cotangent."""
    (a, b), (large, _), _ = factors
    return large * a, large * b


def _factors(trial: Trial, inside: float) -> Iterator[tuple[float, float]]:
    sizes = [size for name in trial.answered(0) if (size := trial.size_of(0, name)) is not None]
    least, most = _room(sizes, half=inside == _HALF)
    if least < -_MIXED[0] < most:
        yield _MIXED
    for sign in (1, -1):
        powers = (2.0 ** (sign * power) for power in _POWERS)
        if (factor := next((f for f in powers if least < f < most), None)) is not None:
            yield -sign * factor, 0.0


def _room(sizes: Sequence[Size], *, half: bool) -> tuple[float, float]:
    """Return the factors by which gradients stay well inside the range of their dtype (float16 ends at 65504)."""
    least, most = 0.0, inf
    for size in sizes:
        if size.dtype.kind in "fc" and size.largest > 0:
            info = np.finfo(np.float16 if half else size.dtype)
            smallest, greatest = float(info.tiny), float(info.max)
            room = 1e6 if greatest > 1e9 else 32.0
            least, most = max(least, smallest * room / size.largest), min(most, greatest / room / size.largest)
    return least, most


def mixed(trial: Trial, a: float, b: float) -> Any:
    """Return a u + b w of the first two cotangents, in the kinds and dtypes that the outputs have."""
    others = iter([leaf for _, leaf in leaves(trial.cotangent(1))])

    def mix(leaf: Any) -> Any:
        other = next(others)
        if leaf is None:
            return None
        sum_ = a * np.asarray(leaf) + b * np.asarray(other)
        if isinstance(leaf, np.ndarray):
            return sum_.astype(leaf.dtype)
        return sum_.astype(leaf.dtype)[()] if isinstance(leaf, np.generic) else sum_.item()

    return rebuild(trial.cotangent(0), mix)


def off_from(
    trial: Trial, mixture: tuple[float, float], answer: Mapping[str, Any], relative: float, inside: float
) -> list[str]:
    """Return the inputs for which the answer to a mixture of two cotangents is not the mixture of what each got.

    Args:
        trial: whose claims these are; small ones.
        mixture: factors of the two.
        answer: what the pullback said.
        relative: gap that is allowed, of what is summed; what its numbers round is allowed besides.
        inside: what `spacing_inside` says.
    """
    first, second = trial.gradients(0), trial.gradients(1)
    a, b = mixture
    off = []
    for name in trial.claimed_blocks():
        g, w, got = first[name], second.get(name), answer.get(name)
        if w is None or got is None or not g.shape == w.shape == got.shape:
            off.append(name)
            continue
        wide = np.complex128 if g.dtype.kind == "c" else np.float64
        gap = norm(got - g.astype(wide, copy=False) * a - w.astype(wide, copy=False) * b)
        size = abs(a) * norm(g) + abs(b) * norm(w)
        loosely = loose(max(float(np.finfo(g.dtype).eps), inside, trial.target.spacing or 0.0))
        if not gap <= max(relative, loosely) * size:
            off.append(name)
    return off
