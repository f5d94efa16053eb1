"""Absolute error and its smoothed forms, which are quadratic near 0."""

import math
from dataclasses import dataclass

import numpy as np

from netcore.losses.reduction import EntryLoss, Reduction
from netcore.names import positive
from netcore.protocol import Array


@dataclass(frozen=True, kw_only=True)
class MAE(EntryLoss):
    """Mean of |ŷ - y|,    slope sign(ŷ - y); at ŷ = y, a kink, this takes 0.

    Example:
        >>> round(MAE()(np.array([[0.0, 1.0]]), np.array([[0.5, 3.0]])), 3)
        1.25
    """

    reduction: Reduction = "mean"

    def entries(self, y: Array, y_hat: Array) -> Array:
        """Return |ŷ - y|."""
        return np.abs(_gap(y, y_hat))

    def slopes(self, y: Array, y_hat: Array) -> Array:
        """Return -1, 0 or 1."""
        return np.sign(_gap(y, y_hat))


@dataclass(frozen=True, kw_only=True)
class Huber(EntryLoss):
    """Mean of d²/2 for |d| ≤ δ, otherwise δ (|d| - δ/2),  d = ŷ - y;    slope d held between -δ and δ.

    Args:
        delta: δ > 0, where the parabola becomes a line.
    Source: Huber 1964, "Robust estimation of a location parameter".

    Example:
        >>> round(Huber()(np.array([[0.0, 1.0]]), np.array([[0.5, 3.0]])), 3)
        0.812
    """

    delta: float = 1.0
    reduction: Reduction = "mean"

    def __post_init__(self) -> None:
        positive(delta=self.delta)

    def entries(self, y: Array, y_hat: Array) -> Array:
        """Return the parabola or the line."""
        size = np.abs(_gap(y, y_hat))
        held = np.minimum(size, self.delta)  # both forms are held (|d| - held/2), and nothing large is squared
        lost: Array = held * (size - held / 2)
        return lost

    def slopes(self, y: Array, y_hat: Array) -> Array:
        """Return d, held between -δ and δ."""
        return np.clip(_gap(y, y_hat), -self.delta, self.delta)


@dataclass(frozen=True, kw_only=True)
class SmoothL1(EntryLoss):
    """Mean of d²/2β for |d| ≤ β, otherwise |d| - β/2,  d = ŷ - y: Huber with δ = β, divided by β.

    Args:
        beta: β > 0, where the parabola becomes a line of slope 1.
    Source: Girshick 2015, "Fast R-CNN", for β = 1.

    Example:
        >>> round(SmoothL1()(np.array([[0.0, 1.0]]), np.array([[0.5, 3.0]])), 3)
        0.812
    """

    beta: float = 1.0
    reduction: Reduction = "mean"

    def __post_init__(self) -> None:
        positive(beta=self.beta)

    def entries(self, y: Array, y_hat: Array) -> Array:
        """Return the parabola or the line."""
        size = np.abs(_gap(y, y_hat))
        held = np.minimum(size, self.beta)
        lost: Array = held / self.beta * (size - held / 2)
        return lost

    def slopes(self, y: Array, y_hat: Array) -> Array:
        """Return d / β, held between -1 and 1."""
        return np.clip(_gap(y, y_hat) / self.beta, -1, 1)


@dataclass(frozen=True, kw_only=True)
class LogCosh(EntryLoss):
    """Mean of log cosh d,  d = ŷ - y;    slope tanh d.

    Error: a few ulp: log cosh d = log1p(2 sinh²(d/2)), and |d| + log1p(e^{-2|d|}) - log 2 where sinh would overflow.

    Example:
        >>> round(LogCosh()(np.array([[0.0, 1.0]]), np.array([[0.5, 3.0]])), 3)
        0.723
    """

    reduction: Reduction = "mean"

    def entries(self, y: Array, y_hat: Array) -> Array:
        """Return log cosh(ŷ - y)."""
        size = np.abs(_gap(y, y_hat))
        small = np.sinh(np.minimum(size, 1) / 2)
        large = size + np.log1p(np.exp(-2 * size)) - math.log(2)
        found: Array = np.where(size < 1, np.log1p(2 * small * small), large)
        return found

    def slopes(self, y: Array, y_hat: Array) -> Array:
        """Return tanh(ŷ - y)."""
        return np.tanh(_gap(y, y_hat))


def _gap(y: Array, y_hat: Array) -> Array:
    d: Array = y_hat - y
    return d
