"""The negative log likelihood of counts."""

from dataclasses import dataclass

import numpy as np

from netcore.losses.reduction import EntryLoss, Reduction
from netcore.protocol import Array


@dataclass(frozen=True, kw_only=True)
class Poisson(EntryLoss):
    """Mean of e^ŷ - y ŷ,    slope e^ŷ - y,  for ŷ the logarithm of the rate; the constant log y! is left out.

    Args:
        log_input: False if ŷ is the rate itself: ŷ - y log ŷ, slope 1 - y/ŷ.
    Raises:
        ValueError: a rate that is not positive.

    Example:
        >>> round(Poisson()(np.array([[0.0, 1.0]]), np.array([[0.5, 3.0]])), 3)
        9.367
    """

    log_input: bool = True
    reduction: Reduction = "mean"

    def entries(self, y: Array, y_hat: Array) -> Array:
        """Return e^ŷ - y ŷ, or ŷ - y log ŷ."""
        if self.log_input:
            lost: Array = np.exp(y_hat) - y * y_hat
            return lost
        _require_positive(y_hat)
        lost = y_hat - y * np.log(y_hat)
        return lost

    def slopes(self, y: Array, y_hat: Array) -> Array:
        """Return e^ŷ - y, or 1 - y/ŷ."""
        if self.log_input:
            slope: Array = np.exp(y_hat) - y
            return slope
        _require_positive(y_hat)
        slope = 1 - y / y_hat
        return slope


def _require_positive(rate: Array) -> None:
    if np.any(rate <= 0):
        raise ValueError(f"Expected positive rates but got y_hat={rate[rate <= 0].flat[0]:.6g}; see log_input")
