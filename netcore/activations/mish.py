"""Mish: x by the tanh of its softplus."""

from dataclasses import dataclass

import numpy as np

from netcore.protocol import Array, Elementwise


@dataclass(frozen=True)
class Mish(Elementwise):
    """x t  with t = tanh(log(1 + eˣ));    derivative t + x (1 - t²) σ(x).

    With w = eˣ, t = (w² + 2w) / (w² + 2w + 2) and 1 - t = 2 / (w² + 2w + 2): rational in w, so neither cancels; for
    x > 0 both are divided by w², so neither overflows.

    Source: Misra 2020, "Mish: a self regularized non-monotonic activation function".

    Example:
        >>> x = np.array([-1.0, 0.5, 2.0])
        >>> Mish()(x).round(3).tolist()
        [-0.303, 0.375, 1.944]
        >>> Mish().grad(x).round(3).tolist()
        [0.059, 0.886, 1.069]
    """

    def __call__(self, x: Array) -> Array:
        """Return x t."""
        return x * _gate(x)[0]

    def grad(self, x: Array) -> Array:
        """Return t + x (1 - t) (1 + t) σ(x)."""
        t, rest = _gate(x)
        w = np.exp(-np.abs(x))
        sigmoid = np.where(x < 0, w, 1) / (1 + w)
        found: Array = t + x * rest * (1 + t) * sigmoid
        return found


def _gate(x: Array) -> tuple[Array, Array]:
    """Return t and 1 - t."""
    w = np.exp(-np.abs(x))
    below = np.where(x < 0, w * w + 2 * w + 2, 1 + 2 * w + 2 * w * w)
    return np.where(x < 0, w * w + 2 * w, 1 + 2 * w) / below, np.where(x < 0, 2, 2 * w * w) / below
