"""Binary cross-entropy of probabilities."""

from dataclasses import dataclass

import numpy as np

from netcore.losses.reduction import EntryLoss, Reduction
from netcore.protocol import Array


@dataclass(frozen=True, kw_only=True)
class LogLoss(EntryLoss):
    """Mean of -y log ŷ - (1 - y) log(1 - ŷ),    grad = ((1 - y) / (1 - ŷ) - y / ŷ) / N  with N = ŷ.size.

    At predictions of exactly 0 and 1 both stay finite and stay each other's derivative: each logarithm is taken of
    max(·, ε/2), where ε/2 is the distance from 1 down to the next float (1.1e-16 in float64, 6e-8 in float32), and
    where that floor holds the derivative is 0. A certain and wrong prediction thus costs 36.7 (16.6 in float32).
    Where ŷ comes out of a sigmoid, LogLossWithLogits has no floor and is exact.

    Raises:
        ValueError: a prediction below 0 or above 1, where the logarithms have no value.

    Example:
        >>> round(LogLoss()(np.array([[1.0, 0.0]]), np.array([[0.9, 0.2]])), 3)
        0.164
    """

    reduction: Reduction = "mean"

    def entries(self, y: Array, y_hat: Array) -> Array:
        """Return -y log ŷ - (1 - y) log(1 - ŷ)."""
        floor = _floor(y_hat)
        lost: Array = y * np.log(np.maximum(y_hat, floor)) + (1 - y) * np.log(np.maximum(1 - y_hat, floor))
        return -lost

    def slopes(self, y: Array, y_hat: Array) -> Array:
        """Return (1 - y) / (1 - ŷ) - y / ŷ, each quotient 0 where its logarithm is on the floor."""
        floor = _floor(y_hat)
        return _quotient(1 - y, 1 - y_hat, floor) - _quotient(y, y_hat, floor)


def _floor(y_hat: Array) -> float:
    outside = (y_hat < 0) | (y_hat > 1)
    if np.any(outside):
        raise ValueError(
            f"Expected y_hat in [0, 1] but got y_hat={y_hat[outside].flat[0]:.6g}; end the model in a sigmoid, "
            "or use LogLossWithLogits"
        )
    return float(np.finfo(y_hat.dtype).eps) / 2


def _quotient(above: Array, below: Array, floor: float) -> Array:
    return np.where(below >= floor, above / np.maximum(below, floor), 0)
