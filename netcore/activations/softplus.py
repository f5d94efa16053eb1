"""The smooth version of ReLU."""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from netcore.names import positive
from netcore.protocol import Array, Elementwise


@dataclass(frozen=True)
class Softplus(Elementwise):
    """log(1 + e^{βx}) / β,    derivative σ(βx).

    Args:
        beta: β > 0; the larger, the nearer to ReLU.
    Source: Dugas et al. 2001, "Incorporating second-order functional knowledge for better option pricing".
    Error: a few ulp: log(1 + e^z) is taken as max(z, 0) + log1p(e^{-|z|}), which neither overflows nor cancels.

    Example:
        >>> x = np.array([-1.0, 0.5, 2.0])
        >>> Softplus()(x).round(3).tolist()
        [0.313, 0.974, 2.127]
        >>> Softplus().grad(x).round(3).tolist()
        [0.269, 0.622, 0.881]
    """

    beta: float = 1.0

    def __post_init__(self) -> None:
        positive(beta=self.beta)

    def __call__(self, x: Array) -> Array:
        """Return log(1 + e^{βx}) / β."""
        z = self.beta * x
        return (np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))) / self.beta

    def grad(self, x: Array) -> Array:
        """Return σ(βx)."""
        return expit(self.beta * x)
