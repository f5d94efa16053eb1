"""Binary cross-entropy and focal loss of logits: the sigmoid is inside, so nothing saturates."""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from netcore.losses.reduction import EntryLoss, Reduction
from netcore.names import at_least, fraction
from netcore.protocol import Array


@dataclass(frozen=True, kw_only=True)
class LogLossWithLogits(EntryLoss):
    """Mean of (1 - y) s(z) + w y s(-z),    slope (1 - y) σ(z) - w y σ(-z),  z = ŷ, s = log(1 + e^·).

    This is LogLoss of σ(z), without its floor: a certain and wrong logit of 1000 costs 1000.

    Args:
        positive_weight: w, how much heavier y = 1 counts.
    Error: a few ulp of the larger term; neither cancels, wherever z.

    Example:
        >>> round(LogLossWithLogits()(np.array([[1.0, 0.0]]), np.array([[2.0, -1.0]])), 3)
        0.22
    """

    positive_weight: float = 1.0
    reduction: Reduction = "mean"

    def entries(self, y: Array, y_hat: Array) -> Array:
        """Return (1 - y) s(z) + w y s(-z)."""
        found: Array = (1 - y) * _softplus(y_hat) + self.positive_weight * y * _softplus(-y_hat)
        return found

    def slopes(self, y: Array, y_hat: Array) -> Array:
        """Return (1 - y) σ(z) - w y σ(-z)."""
        found: Array = (1 - y) * expit(y_hat) - self.positive_weight * y * expit(-y_hat)
        return found


@dataclass(frozen=True, kw_only=True)
class Focal(EntryLoss):
    """Mean of α y f(z) + (1 - α) (1 - y) f(-z),  f(z) = σ(-z)^γ log(1 + e^{-z}),  z = ŷ a logit.

    The slope follows from f'(z) = -σ(-z)^γ (γ σ(z) log(1 + e^{-z}) + σ(-z)).

    Args:
        gamma: γ ≥ 0, how strongly easy rows are discounted; 0 is LogLossWithLogits, weighted.
        alpha: α, the weight of y = 1.
    Source: Lin et al. 2017, "Focal loss for dense object detection".

    Example:
        >>> round(Focal()(np.array([[1.0, 0.0]]), np.array([[2.0, -1.0]])), 3)
        0.009
    """

    gamma: float = 2.0
    alpha: float = 0.25
    reduction: Reduction = "mean"

    def __post_init__(self) -> None:
        at_least(0, gamma=self.gamma)
        fraction(alpha=self.alpha)

    def entries(self, y: Array, y_hat: Array) -> Array:
        """Return α y f(z) + (1 - α) (1 - y) f(-z)."""
        found: Array = self.alpha * y * self._f(y_hat) + (1 - self.alpha) * (1 - y) * self._f(-y_hat)
        return found

    def slopes(self, y: Array, y_hat: Array) -> Array:
        """Return α y f'(z) - (1 - α) (1 - y) f'(-z)."""
        found: Array = self.alpha * y * self._slope(y_hat) - (1 - self.alpha) * (1 - y) * self._slope(-y_hat)
        return found

    def _f(self, z: Array) -> Array:
        found: Array = expit(-z) ** self.gamma * _softplus(-z)
        return found

    def _slope(self, z: Array) -> Array:
        found: Array = -(expit(-z) ** self.gamma) * (self.gamma * expit(z) * _softplus(-z) + expit(-z))
        return found


def _softplus(z: Array) -> Array:
    """Return log(1 + e^z), which neither overflows nor cancels."""
    return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))
