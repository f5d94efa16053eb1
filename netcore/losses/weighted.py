"""Another loss, with a weight for each of its entries."""

from dataclasses import dataclass, field

import numpy as np

from netcore.losses.reduction import EntryLoss, Reduction, RowLoss, reduce, spread
from netcore.protocol import Array


@dataclass(frozen=True)
class Weighted:
    """Mean of w · entries of a loss; the mean divides by the number of entries, not by the sum of the weights.

    Args:
        loss: one with `entries` and `slopes`, as all here have; its own reduction plays no part.
        weight: broadcasts to the loss's entries, (batch, 1) for a weight a row.
        reduction: "mean", "sum" or "none".

    Example:
        >>> Weighted(MSE(), np.array([[1.0], [3.0]]))(np.zeros((2, 1)), np.ones((2, 1)))
        2.0
    """

    loss: EntryLoss | RowLoss
    weight: Array = field(repr=False, compare=False)  # arrays have no one truth, so frozen equality leaves it out
    reduction: Reduction = field(default="mean", kw_only=True)

    def __call__(self, y: Array, y_hat: Array) -> float | Array:
        """Return the reduced, weighted loss."""
        y, y_hat = self.loss.pair(y, y_hat)
        entries = self.loss.entries(y, y_hat)
        return reduce(entries * self._weights(entries, y_hat), self.reduction, entries.size)

    def grad(self, y: Array, y_hat: Array) -> Array:
        """Return w · slopes, divided by the number of entries for a mean."""
        y, y_hat = self.loss.pair(y, y_hat)
        entries = self.loss.entries(y, y_hat)
        weights = self._weights(entries, y_hat)
        aligned = weights.reshape(weights.shape + (1,) * (y_hat.ndim - entries.ndim))
        return spread(self.loss.slopes(y, y_hat) * aligned, self.reduction, entries.size)

    def _weights(self, entries: Array, y_hat: Array) -> Array:
        return np.broadcast_to(np.asarray(self.weight, y_hat.dtype), entries.shape)
