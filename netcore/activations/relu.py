"""The rectified linear unit."""

from dataclasses import dataclass

import numpy as np

from netcore.protocol import Array, Elementwise


@dataclass(frozen=True)
class ReLU(Elementwise):
    """max(0, x), with derivative 1 for x > 0 and 0 elsewhere; at the kink x = 0 this takes 0, as the notebook does.

    Source: Nair and Hinton 2010, "Rectified linear units improve restricted Boltzmann machines".

    Example:
        >>> x = np.array([-1.0, 0.5, 2.0])
        >>> ReLU()(x).round(3).tolist()
        [0.0, 0.5, 2.0]
        >>> ReLU().grad(x).round(3).tolist()
        [0.0, 1.0, 1.0]
    """

    def __call__(self, x: Array) -> Array:
        """Return max(0, x)."""
        return np.maximum(x, 0)

    def grad(self, x: Array) -> Array:
        """Return 1 where x > 0, otherwise 0."""
        return (x > 0).astype(x.dtype)
