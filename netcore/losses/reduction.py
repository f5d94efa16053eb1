"""From a loss for each entry or row to the loss that is returned, and the factor this puts on each derivative."""

import math
from typing import Literal, Protocol, TypeAlias, get_args

import numpy as np

from netcore.names import choose
from netcore.protocol import Array, floating

Reduction: TypeAlias = Literal["mean", "sum", "none"]
REDUCTIONS = {name: name for name in get_args(Reduction)}


def reduce(entries: Array, reduction: Reduction, count: float) -> float | Array:
    """Return the entries as they are, or as a float their sum, divided by `count` for a mean.

    The sum runs in float64 even for float32 entries: the result is a Python float anyway. The mean of an empty batch
    is 0.0.
    """
    choose(REDUCTIONS, reduction, "reduction")
    if reduction == "none":
        return entries
    total = float(np.sum(entries, dtype=np.float64))
    return total / count if reduction == "mean" and count else total


def spread(slopes: Array, reduction: Reduction, count: float) -> Array:
    """Return the derivative of `reduce`, given the derivative of each entry.

    Args:
        slopes: any shape.
        reduction: "mean" divides by count; "sum" and "none" (whose gradient is that of its sum) do not.
        count: what the mean divides by.
    """
    choose(REDUCTIONS, reduction, "reduction")
    return slopes / count if reduction == "mean" and count else slopes


def as_pair(y: Array, y_hat: Array) -> tuple[Array, Array]:
    """Return y and y_hat as floating arrays of one shape and of the dtype of y_hat.

    Raises:
        ValueError: the shapes would broadcast: (5,) against (5, 1) is 25 differences, not 5.
    """
    y_hat = as_floating(y_hat)
    if np.shape(y) != y_hat.shape:
        raise ValueError(
            f"Expected y and y_hat of one shape but got y.shape={np.shape(y)} and y_hat.shape={y_hat.shape}"
        )
    return np.asarray(y, dtype=y_hat.dtype), y_hat


def as_floating(y_hat: Array) -> Array:
    """Return y_hat as it is, or integers in float64.

    Raises:
        ValueError: complex predictions.
    """
    y_hat = np.asarray(y_hat)
    if y_hat.dtype.kind == "c":
        raise ValueError(f"Expected real predictions but got y_hat.dtype={y_hat.dtype}; take the real part, or abs")
    return floating(y_hat)


def expected(weights: Array, logs: Array) -> Array:
    """Return Σ_k w_k l_k over the last axis, where w_k = 0 makes a term 0 even if l_k is -∞, the logarithm of 0."""
    total: Array = (weights * np.where(weights == 0, 0, logs)).sum(axis=-1)
    return total


class EntryLoss(Protocol):
    """A loss with one value for each entry of y_hat: what `entries` and `slopes` say, reduced.

        loss = reduce entries(y, y_hat)    grad = slopes(y, y_hat), divided by y_hat.size for a mean

    A loss writes `entries` and `slopes` (and a field `reduction`); the two methods below are concrete.
    """

    @property
    def reduction(self) -> Reduction:
        """Return "mean", "sum" or "none"."""
        ...

    def entries(self, y: Array, y_hat: Array) -> Array:
        """Return the loss of each entry, in the shape of y_hat."""
        ...

    def slopes(self, y: Array, y_hat: Array) -> Array:
        """Return the derivative of each entry's loss by its own prediction, in the shape of y_hat."""
        ...

    def pair(self, y: Array, y_hat: Array) -> tuple[Array, Array]:
        """Return y and y_hat as `entries` and `slopes` want them."""
        return as_pair(y, y_hat)

    def __call__(self, y: Array, y_hat: Array) -> float | Array:
        """Return the reduced loss."""
        y, y_hat = self.pair(y, y_hat)
        return reduce(self.entries(y, y_hat), self.reduction, y_hat.size)

    def grad(self, y: Array, y_hat: Array) -> Array:
        """Return the derivative of the reduced loss (of its sum for "none") with respect to y_hat."""
        y, y_hat = self.pair(y, y_hat)
        return spread(self.slopes(y, y_hat), self.reduction, y_hat.size)


class RowLoss(Protocol):
    """A loss with one value for each row of y_hat, a row being one or more trailing axes.

        loss = reduce entries(y, y_hat)    grad = slopes(y, y_hat), divided by the number of rows for a mean

    A loss writes `entries` and `slopes`, which check their arguments, `row_axes` and a field `reduction`.
    """

    @property
    def reduction(self) -> Reduction:
        """Return "mean", "sum" or "none"."""
        ...

    @property
    def row_axes(self) -> int:
        """Return how many trailing axes of y_hat make a row."""
        ...

    def entries(self, y: Array, y_hat: Array) -> Array:
        """Return the loss of each row, in the shape of y_hat without its row axes."""
        ...

    def slopes(self, y: Array, y_hat: Array) -> Array:
        """Return the derivative of each row's loss by its own predictions, in the shape of y_hat."""
        ...

    def pair(self, y: Array, y_hat: Array) -> tuple[Array, Array]:
        """Return y, which may be integers, and y_hat as floating numbers."""
        return np.asarray(y), as_floating(y_hat)

    def __call__(self, y: Array, y_hat: Array) -> float | Array:
        """Return the reduced loss."""
        entries = self.entries(*self.pair(y, y_hat))
        return reduce(entries, self.reduction, entries.size)

    def grad(self, y: Array, y_hat: Array) -> Array:
        """Return the derivative of the reduced loss (of its sum for "none") with respect to y_hat."""
        y, y_hat = self.pair(y, y_hat)
        return spread(self.slopes(y, y_hat), self.reduction, math.prod(y_hat.shape[: -self.row_axes]))
