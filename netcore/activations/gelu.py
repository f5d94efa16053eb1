"""Gaussian error linear units, exact and by tanh: two functions, each with its own exact derivative."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, ndtr

from netcore.protocol import Array, Elementwise


@dataclass(frozen=True)
class GELU(Elementwise):
    """x Φ(x),    derivative Φ(x) + x φ(x),  with Φ and φ the standard normal distribution and its density.

    Error: a few ulp of the larger term; Φ comes from erfc in the tail, where (1 + erf) / 2 would cancel.
    Source: Hendrycks and Gimpel 2016, "Gaussian error linear units".

    Example:
        >>> x = np.array([-1.0, 0.5, 2.0])
        >>> GELU()(x).round(3).tolist()
        [-0.159, 0.346, 1.954]
        >>> GELU().grad(x).round(3).tolist()
        [-0.083, 0.867, 1.085]
    """

    def __call__(self, x: Array) -> Array:
        """Return x Φ(x)."""
        return x * ndtr(x)

    def grad(self, x: Array) -> Array:
        """Return Φ(x) + x φ(x)."""
        near = np.clip(x, -FAR, FAR)
        slope: Array = ndtr(x) + near * (np.exp(-0.5 * near * near) / math.sqrt(2 * math.pi))
        return slope


@dataclass(frozen=True)
class GELUTanh(Elementwise):
    """x (1 + tanh u) / 2 = x σ(2u)  with u = √(2/π) (x + 0.044715 x³);    derivative σ(2u) + 2 x u' σ(2u) σ(-2u).

    It differs from GELU by up to 5e-4, and so does its derivative from GELU's: neither may stand in for the other.

    Error: a few ulp of the larger term; 1 + tanh u would cancel for x < 0.
    Source: Hendrycks and Gimpel 2016, "Gaussian error linear units".

    Example:
        >>> x = np.array([-1.0, 0.5, 2.0])
        >>> GELUTanh()(x).round(3).tolist()
        [-0.159, 0.346, 1.955]
        >>> GELUTanh().grad(x).round(3).tolist()
        [-0.083, 0.867, 1.086]
    """

    def __call__(self, x: Array) -> Array:
        """Return x σ(2u)."""
        return x * expit(2 * _u(x))

    def grad(self, x: Array) -> Array:
        """Return σ(2u) + 2 x u' σ(2u) σ(-2u), the second term 0 once its last factor is."""
        u, near = _u(x), np.clip(x, -FAR, FAR)
        slope = math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * near * near)
        found: Array = expit(2 * u) + 2 * near * slope * (expit(2 * u) * expit(-2 * u))
        return found


def _u(x: Array) -> Array:
    x = np.clip(x, -FAR, FAR)
    found: Array = math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)  # x**3 is a call to pow, ten times slower
    return found


FAR = 40.0  # from here on φ and σ(-2|u|) are 0 in float64 too (below e^-745), and powers of x would overflow
