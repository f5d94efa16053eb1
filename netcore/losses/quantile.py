"""The loss whose best constant is a quantile."""

from dataclasses import dataclass

import numpy as np

from netcore.losses.reduction import EntryLoss, Reduction
from netcore.names import fraction
from netcore.protocol import Array


@dataclass(frozen=True, kw_only=True)
class Quantile(EntryLoss):
    """Mean of q d for d > 0, otherwise (q - 1) d,  d = y - ŷ;    slope -q for ŷ < y, 1 - q for ŷ > y, 0 at the kink.

    Args:
        q: the quantile, between 0 and 1; 0.5 is half the absolute error.
    Source: Koenker and Bassett 1978, "Regression quantiles".

    Example:
        >>> round(Quantile()(np.array([[0.0, 1.0]]), np.array([[0.5, 3.0]])), 3)
        0.625
    """

    q: float = 0.5
    reduction: Reduction = "mean"

    def __post_init__(self) -> None:
        fraction(q=self.q)

    def entries(self, y: Array, y_hat: Array) -> Array:
        """Return the tilted absolute value."""
        d = y - y_hat
        return np.maximum(self.q * d, (self.q - 1) * d)

    def slopes(self, y: Array, y_hat: Array) -> Array:
        """Return -q, 0 or 1 - q."""
        return np.where(y_hat < y, -self.q, np.where(y_hat > y, 1 - self.q, 0)).astype(y_hat.dtype)
