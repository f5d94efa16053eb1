"""Losses of a margin, for y of -1 and 1."""

from dataclasses import dataclass

import numpy as np

from netcore.losses.reduction import EntryLoss, Reduction
from netcore.protocol import Array


@dataclass(frozen=True, kw_only=True)
class Hinge(EntryLoss):
    """Mean of max(0, m - y ŷ),  y = ±1;    slope -y inside the margin, otherwise 0, which it also takes at the kink.

    Args:
        margin: m.

    Example:
        >>> Hinge()(np.array([[1.0, -1.0]]), np.array([[0.5, 2.0]]))
        1.75
    """

    margin: float = 1.0
    reduction: Reduction = "mean"

    def entries(self, y: Array, y_hat: Array) -> Array:
        """Return max(0, m - y ŷ)."""
        return np.maximum(self.margin - y * y_hat, 0)

    def slopes(self, y: Array, y_hat: Array) -> Array:
        """Return -y inside the margin, otherwise 0."""
        return np.where(y * y_hat < self.margin, -y, 0)


@dataclass(frozen=True, kw_only=True)
class SquaredHinge(EntryLoss):
    """Mean of max(0, m - y ŷ)²,  y = ±1;    slope -2 y max(0, m - y ŷ).

    Args:
        margin: m.

    Example:
        >>> SquaredHinge()(np.array([[1.0, -1.0]]), np.array([[0.5, 2.0]]))
        4.625
    """

    margin: float = 1.0
    reduction: Reduction = "mean"

    def entries(self, y: Array, y_hat: Array) -> Array:
        """Return max(0, m - y ŷ)²."""
        short: Array = np.maximum(self.margin - y * y_hat, 0)
        return short * short

    def slopes(self, y: Array, y_hat: Array) -> Array:
        """Return -2 y max(0, m - y ŷ)."""
        return -2 * y * np.maximum(self.margin - y * y_hat, 0)
