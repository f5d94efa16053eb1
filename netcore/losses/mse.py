"""Squared error."""

from dataclasses import dataclass

from netcore.losses.reduction import EntryLoss, Reduction
from netcore.protocol import Array


@dataclass(frozen=True, kw_only=True)
class MSE(EntryLoss):
    """Mean of (ŷ - y)² over all entries,    grad = 2 (ŷ - y) / N  with N = ŷ.size.

    The notebook leaves the 2 / N to its layers, as 1 / batch, which is right for two outputs and only for two.

    Example:
        >>> round(MSE()(np.array([[0.0, 1.0]]), np.array([[0.5, 3.0]])), 3)
        2.125
    """

    reduction: Reduction = "mean"

    def entries(self, y: Array, y_hat: Array) -> Array:
        """Return (ŷ - y)²."""
        difference: Array = y_hat - y
        return difference * difference

    def slopes(self, y: Array, y_hat: Array) -> Array:
        """Return 2 (ŷ - y)."""
        return 2 * (y_hat - y)
