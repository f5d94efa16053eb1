"""From a loss for each entry to the loss that is returned, and the factor that this puts on each derivative."""

from typing import Literal, Protocol, TypeAlias

import numpy as np

from netcore.names import choose
from netcore.protocol import Array

Reduction: TypeAlias = Literal["mean", "sum", "none"]
REDUCTIONS = {"mean": "mean", "sum": "sum", "none": "none"}


def reduce(entries: Array, reduction: Reduction) -> float | Array:
    """Return the mean or the sum as a float, or the entries as they are.

    The sum runs in float64 even for float32 entries: the result is a Python float anyway. The mean of an empty batch
    is 0.0.
    """
    if reduction == "none":
        return entries
    total = float(np.sum(entries, dtype=np.float64))
    return total if reduction == "sum" else total / max(entries.size, 1)


def spread(slopes: Array, reduction: Reduction, count: int | None = None) -> Array:
    """Return the derivative of `reduce`, given the derivative of each entry by its own prediction.

    Args:
        slopes: any shape.
        reduction: "mean" divides by the number of entries; "sum" and "none" (whose gradient is that of its sum) do not.
        count: the number of entries averaged over, where it is not slopes.size.
    """
    return slopes / max(slopes.size if count is None else count, 1) if reduction == "mean" else slopes


def require_same_shape(y: Array, y_hat: Array) -> None:
    """Raise ValueError where y and y_hat would broadcast: (5,) against (5, 1) is 25 differences, not 5."""
    if np.shape(y) != np.shape(y_hat):
        raise ValueError(
            f"Expected y and y_hat of one shape but got y.shape={np.shape(y)} and y_hat.shape={np.shape(y_hat)}"
        )


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

    def __call__(self, y: Array, y_hat: Array) -> float | Array:
        """Return the reduced loss."""
        require_same_shape(y, y_hat)
        return reduce(self.entries(y, y_hat), choose(REDUCTIONS, self.reduction, "reduction"))  # type: ignore[arg-type]

    def grad(self, y: Array, y_hat: Array) -> Array:
        """Return the derivative of the reduced loss (of its sum for "none") with respect to y_hat."""
        require_same_shape(y, y_hat)
        return spread(self.slopes(y, y_hat), self.reduction)
