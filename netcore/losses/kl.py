"""The Kullback-Leibler divergence between a distribution and a predicted one."""

from dataclasses import dataclass
from typing import ClassVar

from scipy.special import xlogy

from netcore.losses.reduction import Reduction, RowLoss, as_pair, expected
from netcore.protocol import Array


@dataclass(frozen=True, kw_only=True)
class KL(RowLoss):
    """Mean over rows of Σ_k y_k (log y_k - ŷ_k),    slope -y_k,  for log-probabilities ŷ (..., classes).

    A row with y_k = 0 costs nothing there, even for ŷ_k = -∞. The mean is over rows, so that it is a divergence;
    torch's "mean" divides by the number of classes as well, and its "batchmean" is this.

    Source: Kullback and Leibler 1951, "On information and sufficiency".

    Example:
        >>> round(KL()(np.array([[0.5, 0.5]]), np.log([[0.9, 0.1]])), 3)
        0.511
    """

    row_axes: ClassVar[int] = 1
    reduction: Reduction = "mean"

    def entries(self, y: Array, y_hat: Array) -> Array:
        """Return Σ_k y_k (log y_k - ŷ_k)."""
        y, y_hat = as_pair(y, y_hat)
        found: Array = xlogy(y, y).sum(axis=-1) - expected(y, y_hat)
        return found

    def slopes(self, y: Array, y_hat: Array) -> Array:
        """Return -y."""
        return -as_pair(y, y_hat)[0]
