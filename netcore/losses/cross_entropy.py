"""Cross-entropy of classes, from logits or from log-probabilities.

With p = softmax(z), targets t (one-hot for integer labels) and class weights w, each row of the last axis costs

    L = -Σ_k w_k t_k log p_k        ∂L/∂z_j = p_j Σ_k w_k t_k - w_j t_j

For integer labels a mean divides by the weights of the labels, so that a label that is ignored does not count; for soft
targets it divides by the number of rows. Both are the habit of the field. A logit of -∞ (a class that is ruled out)
costs nothing where its target is 0.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import log_softmax

from netcore.losses.reduction import Reduction, as_floating, expected, reduce, spread
from netcore.names import fraction
from netcore.protocol import Array


@dataclass(frozen=True, kw_only=True)
class CrossEntropy:
    """Cross-entropy of logits ŷ (..., classes).

    Args:
        reduction: "mean", "sum" or "none".
        label_smoothing: ε; targets become (1 - ε) t + ε / classes.
        class_weight: w, one a class; None is 1.
        ignore: an integer label whose rows cost nothing, for padding.
    Source: Szegedy et al. 2016, "Rethinking the inception architecture for computer vision", for the smoothing.

    Example:
        >>> round(CrossEntropy()(np.array([0, 2]), np.array([[2.0, 0.0, 0.0], [0.0, 0.0, 1.0]])), 3)
        0.395
    """

    row_axes: ClassVar[int] = 1
    reduction: Reduction = "mean"
    label_smoothing: float = 0.0
    class_weight: tuple[float, ...] | None = None
    ignore: int | None = None

    def __post_init__(self) -> None:
        fraction(label_smoothing=self.label_smoothing)

    def __call__(self, y: Array, y_hat: Array) -> float | Array:
        """Return the loss.

        Args:
            y: integers (...), or probabilities (..., classes).
            y_hat: (..., classes) logits.
        """
        y_hat = as_floating(y_hat)
        weighted, count = self._targets(y, y_hat)
        return reduce(_lost(weighted, y_hat), self.reduction, count)

    def grad(self, y: Array, y_hat: Array) -> Array:
        """Return p_j Σ_k w_k t_k - w_j t_j, divided by the mean's divisor."""
        y_hat = as_floating(y_hat)
        weighted, count = self._targets(y, y_hat)
        return spread(_slope(weighted, y_hat), self.reduction, count)

    def pair(self, y: Array, y_hat: Array) -> tuple[Array, Array]:
        """Return y, which may be integers, and y_hat as floating numbers."""
        return np.asarray(y), as_floating(y_hat)

    def entries(self, y: Array, y_hat: Array) -> Array:
        """Return the loss of each row (...)."""
        return _lost(self._targets(y, y_hat)[0], y_hat)

    def slopes(self, y: Array, y_hat: Array) -> Array:
        """Return p_j Σ_k w_k t_k - w_j t_j (..., classes)."""
        return _slope(self._targets(y, y_hat)[0], y_hat)

    def _targets(self, y: Array, y_hat: Array) -> tuple[Array, float]:
        """Return w t (..., classes) and what a mean divides by."""
        classes = y_hat.shape[-1]
        w = _weights(self.class_weight, y_hat)
        hard = np.asarray(y).dtype.kind in "iub" and np.shape(y) == y_hat.shape[:-1]
        if not hard and np.shape(y) != y_hat.shape:
            raise ValueError(
                f"Expected integers y of shape {y_hat.shape[:-1]} or probabilities of shape {y_hat.shape} "
                f"but got y.shape={np.shape(y)} of {np.asarray(y).dtype}"
            )
        t, kept = one_hot(y, y_hat, self.ignore) if hard else (np.asarray(y, dtype=y_hat.dtype), None)
        t = (1 - self.label_smoothing) * t + self.label_smoothing / classes
        if kept is None:
            return w * t, y_hat[..., 0].size
        return w * t * kept[..., None], float(np.sum(w[np.where(kept, y, 0)], where=kept))


@dataclass(frozen=True, kw_only=True)
class NLL:
    """-w_y ŷ_y for integer labels y and log-probabilities ŷ (..., classes): CrossEntropy after a LogSoftmax.

    Args:
        reduction: "mean" (divided by the labels' weights), "sum" or "none".
        class_weight: w, one a class; None is 1.
        ignore: a label whose rows cost nothing, for padding.

    Example:
        >>> round(NLL()(np.array([1]), np.log([[0.2, 0.5, 0.3]])), 3)
        0.693
    """

    row_axes: ClassVar[int] = 1
    reduction: Reduction = "mean"
    class_weight: tuple[float, ...] | None = None
    ignore: int | None = None

    def __call__(self, y: Array, y_hat: Array) -> float | Array:
        """Return the loss of integers y (...) for y_hat (..., classes)."""
        y_hat = as_floating(y_hat)
        weighted, count = self._targets(y, y_hat)
        return reduce(-expected(weighted, y_hat), self.reduction, count)

    def grad(self, y: Array, y_hat: Array) -> Array:
        """Return -w_y at each label and 0 elsewhere, divided by the mean's divisor."""
        weighted, count = self._targets(y, as_floating(y_hat))
        return spread(-weighted, self.reduction, count)

    def pair(self, y: Array, y_hat: Array) -> tuple[Array, Array]:
        """Return y, which stays integer, and y_hat as floating numbers."""
        return np.asarray(y), as_floating(y_hat)

    def entries(self, y: Array, y_hat: Array) -> Array:
        """Return the loss of each row (...)."""
        return -expected(self._targets(y, y_hat)[0], y_hat)

    def slopes(self, y: Array, y_hat: Array) -> Array:
        """Return -w_y at each label and 0 elsewhere (..., classes)."""
        return -self._targets(y, y_hat)[0]

    def _targets(self, y: Array, y_hat: Array) -> tuple[Array, float]:
        t, _ = one_hot(y, y_hat, self.ignore)
        weighted = _weights(self.class_weight, y_hat) * t
        return weighted, float(weighted.sum(dtype=np.float64))


def one_hot(y: Array, y_hat: Array, ignore: int | None = None) -> tuple[Array, Array]:
    """Return 1 at each label (..., classes), in the dtype of y_hat, and which labels count (...).

    Raises:
        ValueError: labels that are no integers, have another shape than y_hat without its last axis, or name no class.
    """
    y = np.asarray(y)
    classes = y_hat.shape[-1]
    if y.dtype.kind not in "iub" or y.shape != y_hat.shape[:-1]:
        raise ValueError(f"Expected integers y of shape {y_hat.shape[:-1]} but got y.shape={y.shape} of {y.dtype}")
    kept = np.ones(y.shape, bool) if ignore is None else y != ignore
    strange = kept & ((y < 0) | (y >= classes))
    if np.any(strange):
        raise ValueError(f"Expected labels from 0 to {classes - 1} but got y={y[strange].flat[0]}")
    return ((np.arange(classes) == y[..., None]) & kept[..., None]).astype(y_hat.dtype), kept


def _lost(weighted: Array, y_hat: Array) -> Array:
    return -expected(weighted, log_softmax(y_hat, axis=-1))


def _slope(weighted: Array, y_hat: Array) -> Array:
    slope: Array = np.exp(log_softmax(y_hat, axis=-1)) * weighted.sum(axis=-1, keepdims=True) - weighted
    return slope


def _weights(class_weight: tuple[float, ...] | None, y_hat: Array) -> Array:
    if class_weight is not None and len(class_weight) != y_hat.shape[-1]:
        raise ValueError(f"Expected {y_hat.shape[-1]} class weights but got class_weight={class_weight}")
    return np.ones(y_hat.shape[-1], y_hat.dtype) if class_weight is None else np.asarray(class_weight, y_hat.dtype)
