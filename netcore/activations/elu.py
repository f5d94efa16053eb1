"""Exponential linear units: identity above zero, an exponential that levels off below."""

from dataclasses import dataclass

import numpy as np

from netcore.names import positive
from netcore.protocol import Array, Elementwise


@dataclass(frozen=True)
class ELU(Elementwise):
    """x for x > 0, otherwise α (eˣ - 1);    derivative 1 for x > 0, otherwise α eˣ.

    Args:
        alpha: α, the depth it levels off at; for α ≠ 1 there is a kink at 0.
    Source: Clevert, Unterthiner and Hochreiter 2016, "Fast and accurate deep network learning by ELUs".

    Example:
        >>> x = np.array([-1.0, 0.5, 2.0])
        >>> ELU()(x).round(3).tolist()
        [-0.632, 0.5, 2.0]
        >>> ELU().grad(x).round(3).tolist()
        [0.368, 1.0, 1.0]
    """

    alpha: float = 1.0

    def __call__(self, x: Array) -> Array:
        """Return x or α (eˣ - 1), by expm1, since eˣ - 1 cancels near 0."""
        return np.where(x > 0, x, self.alpha * np.expm1(np.minimum(x, 0)))

    def grad(self, x: Array) -> Array:
        """Return 1 or α eˣ."""
        return np.where(x > 0, 1, self.alpha * np.exp(np.minimum(x, 0)))


@dataclass(frozen=True)
class SELU(Elementwise):
    """λ x for x > 0, otherwise λ α (eˣ - 1);    derivative λ for x > 0, otherwise λ α eˣ.

    Source: Klambauer et al. 2017, "Self-normalizing neural networks"; α and λ keep mean 0 and variance 1.

    Example:
        >>> x = np.array([-1.0, 0.5, 2.0])
        >>> SELU()(x).round(3).tolist()
        [-1.111, 0.525, 2.101]
        >>> SELU().grad(x).round(3).tolist()
        [0.647, 1.051, 1.051]
    """

    def __call__(self, x: Array) -> Array:
        """Return λ x or λ α (eˣ - 1)."""
        return SELU_SCALE * np.where(x > 0, x, SELU_ALPHA * np.expm1(np.minimum(x, 0)))

    def grad(self, x: Array) -> Array:
        """Return λ or λ α eˣ."""
        return SELU_SCALE * np.where(x > 0, 1, SELU_ALPHA * np.exp(np.minimum(x, 0)))


@dataclass(frozen=True)
class CELU(Elementwise):
    """x for x > 0, otherwise α (e^{x/α} - 1);    derivative 1 for x > 0, otherwise e^{x/α}: no kink.

    Args:
        alpha: α > 0, the depth it levels off at.
    Source: Barron 2017, "Continuously differentiable exponential linear units".

    Example:
        >>> x = np.array([-1.0, 0.5, 2.0])
        >>> CELU()(x).round(3).tolist()
        [-0.632, 0.5, 2.0]
        >>> CELU().grad(x).round(3).tolist()
        [0.368, 1.0, 1.0]
    """

    alpha: float = 1.0

    def __post_init__(self) -> None:
        positive(alpha=self.alpha)

    def __call__(self, x: Array) -> Array:
        """Return x or α (e^{x/α} - 1)."""
        return np.where(x > 0, x, self.alpha * np.expm1(np.minimum(x, 0) / self.alpha))

    def grad(self, x: Array) -> Array:
        """Return 1 or e^{x/α}."""
        return np.exp(np.minimum(x, 0) / self.alpha)


SELU_ALPHA = 1.6732632423543772  # the fixed point (mean 0, variance 1), to double precision
SELU_SCALE = 1.0507009873554805
