"""Losses of an angle and of a distance between vectors."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from netcore.losses.reduction import Reduction, RowLoss, as_pair
from netcore.protocol import Array

FLOOR = 1e-8  # a norm below this counts as this, so that a vector of zeros has no direction but a finite loss


@dataclass(frozen=True, kw_only=True)
class Cosine(RowLoss):
    """Mean over rows of 1 - y·ŷ / |y||ŷ|,    slope -(y/|y| - c ŷ/|ŷ|) / |ŷ|  with c the cosine.

    The slope is orthogonal to ŷ: its length does not matter. A norm below 1e-8 counts as 1e-8, and there the second
    term is 0.

    Example:
        >>> round(Cosine()(np.array([[1.0, 0.0]]), np.array([[1.0, 1.0]])), 3)
        0.293
    """

    row_axes: ClassVar[int] = 1
    reduction: Reduction = "mean"

    def entries(self, y: Array, y_hat: Array) -> Array:
        """Return 1 - cos."""
        found: Array = 1 - _cosine(*as_pair(y, y_hat))[0][..., 0]
        return found

    def slopes(self, y: Array, y_hat: Array) -> Array:
        """Return -(y/|y| - c ŷ/|ŷ|) / |ŷ|."""
        y, y_hat = as_pair(y, y_hat)
        cosine, length, length_hat = _cosine(y, y_hat)
        around = np.where(length_hat > FLOOR, cosine * y_hat / length_hat, 0)
        found: Array = (around - y / length) / length_hat
        return found


@dataclass(frozen=True, kw_only=True)
class Contrastive(RowLoss):
    """Mean over pairs of (y d² + (1 - y) max(0, m - d)²) / 2,  d the distance of the two vectors of ŷ.

    The slope by the first vector a, with e = a - b, is  y e - (1 - y) max(0, m - d) e/d,  and by b its negative. At
    d = 0 with y < 1, a kink, the second term is 0.

    Args:
        margin: m, beyond which unlike pairs cost nothing.
    Source: Hadsell, Chopra and LeCun 2006, "Dimensionality reduction by learning an invariant
        mapping"; their Y is 1 - y.

    Example:
        >>> Contrastive()(np.array([1, 0]), np.array([[[0.0], [0.5]], [[0.0], [0.5]]]))
        0.125
    """

    row_axes: ClassVar[int] = 2
    margin: float = 1.0
    reduction: Reduction = "mean"

    def entries(self, y: Array, y_hat: Array) -> Array:
        """Return the loss (...) of likeness y (...), 1 for alike, and pairs ŷ (..., 2, n)."""
        y, _, d = _pairs(y, y_hat)
        short = np.maximum(self.margin - d, 0)
        found: Array = (y * d * d + (1 - y) * short * short) / 2
        return found

    def slopes(self, y: Array, y_hat: Array) -> Array:
        """Return the derivative (..., 2, n)."""
        y, e, d = _pairs(y, y_hat)
        pull = y - (1 - y) * np.where(d > 0, np.maximum(self.margin - d, 0) / np.where(d > 0, d, 1), 0)
        return np.stack([pull[..., None] * e, -pull[..., None] * e], axis=-2)


def _cosine(y: Array, y_hat: Array) -> tuple[Array, Array, Array]:
    """Return the cosine and both lengths, each (..., 1)."""
    length, length_hat = (np.maximum(_length(v)[..., None], FLOOR) for v in (y, y_hat))
    return ((y / length) * (y_hat / length_hat)).sum(axis=-1, keepdims=True), length, length_hat


def _pairs(y: Array, y_hat: Array) -> tuple[Array, Array, Array]:
    """Return y (...) in the dtype of y_hat, a - b (..., n), and its length (...)."""
    if y_hat.ndim < 2 or y_hat.shape[-2] != 2 or np.shape(y) != y_hat.shape[:-2]:
        raise ValueError(
            f"Expected y of shape (batch,) and y_hat of shape (batch, 2, n) "
            f"but got y.shape={np.shape(y)} and y_hat.shape={y_hat.shape}"
        )
    e = y_hat[..., 0, :] - y_hat[..., 1, :]
    return np.asarray(y, dtype=y_hat.dtype), e, _length(e)


def _length(v: Array) -> Array:
    """Return the Euclidean norm (...) of v (..., n); its largest entry goes first, so that no square overflows."""
    largest = np.abs(v).max(axis=-1, initial=0)
    unit = v / np.where(largest > 0, largest, 1)[..., None]
    found: Array = largest * np.sqrt((unit * unit).sum(axis=-1))
    return found
