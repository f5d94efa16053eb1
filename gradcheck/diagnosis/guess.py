"""What a diagnosis says: a slug, a sentence, and how well it explains the data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from gradcheck.diagnosis.anatomy import Anatomy
from gradcheck.point import Array

__all__ = ["Case", "Guess", "residual"]

_SHARE = 0.02  # of the gap that an explanation may leave; a chance fit leaves most of it
_BARS = 6.0  # estimated errors of the measured Jacobian that a residual may amount to

Case = Sequence[Anatomy]


@dataclass(frozen=True, slots=True)
class Guess:
    """A mistake that would explain the data.

    Args:
        slug: of PATTERNS.
        text: for a person: what, with its numbers.
        residual: what is left of the gradient after the fix, relative to its norm.
        rank: lower is simpler; among those that fit, the simplest is told first.
        factor: claimed over measured, where it is one number.
        origin: that number in terms of sizes, where it was found out.
    """

    slug: str
    text: str
    residual: float
    rank: float
    factor: float | None = None
    origin: str = ""

    @property
    def told(self) -> str:
        """The sentence with its evidence."""
        return f"{self.text} [{self.slug}; residual {self.residual:.0e}]"


def residual(case: Case, pairs: Iterable[tuple[Array, Array]], *, tolerance: float | None = None) -> float | None:
    """Return ‖left − right‖ / ‖left‖ over all anatomies if it is negligible beside the gap, else None.

    Args:
        case: at least one anatomy.
        pairs: for each anatomy what should be equal, both (rows, measured columns); NaN in the right is not compared.
        tolerance: relative residual that counts as none; None for what the precision of the claims allows.
    Error: judged twice, entry by entry as they are and with every column scaled to one, because a few large columns
        would otherwise hide that the small ones do not fit.
    """
    worst = 0.0
    gap_seen = False
    for a, (left, right) in zip(case, pairs, strict=True):
        allowed = a.tolerance if tolerance is None else tolerance
        compared = np.isfinite(right)
        left, right = np.where(compared, left, 0.0), np.where(compared, right, 0.0)
        bar = np.where(compared, a.error, 0.0)
        left_over = float(np.linalg.norm(left - right))
        sum_of_sizes = float(np.linalg.norm(left)) + float(np.linalg.norm(right))
        if left_over > allowed * sum_of_sizes and left_over > _BARS * float(np.linalg.norm(bar)):
            return None  # as most hypotheses end; the rest costs twice as much
        gap = np.where(compared, a.claimed - a.measured, 0.0)
        sizes = np.linalg.norm(a.measured, axis=0) + np.linalg.norm(a.claimed, axis=0)
        for weight in (np.ones_like(sizes), np.divide(1.0, sizes, out=np.zeros_like(sizes), where=sizes > 0)):
            left_over = float(np.linalg.norm((left - right) * weight))
            missing = float(np.linalg.norm(gap * weight))
            whole = max(float(np.linalg.norm(left * weight)), float(np.linalg.norm(right * weight)))
            noise = _BARS * float(np.linalg.norm(bar * weight))
            if 0 < whole <= noise and missing > 0:
                return None  # neither side is seen in this weighting, so that it would fit whatever is said
            gap_seen = gap_seen or missing > 10 * noise + allowed * whole
            if left_over > max(allowed * whole, noise) or left_over > _SHARE * missing + noise:
                return None
            worst = max(worst, left_over / whole if whole > 0 else 0.0)
    return worst if gap_seen else None
