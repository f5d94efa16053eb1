"""No activation at all: the output of a regression."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from netcore.protocol import Array, Elementwise


@dataclass(frozen=True)
class Identity(Elementwise):
    """x, with derivative 1.

    Example:
        >>> x = np.array([-1.0, 0.5, 2.0])
        >>> Identity()(x).round(3).tolist()
        [-1.0, 0.5, 2.0]
        >>> Identity().grad(x).round(3).tolist()
        [1.0, 1.0, 1.0]
    """

    holomorphic: ClassVar[bool] = True

    def __call__(self, x: Array) -> Array:
        """Return a copy of x, so that a later change of y does not reach back into x."""
        return np.array(x)

    def grad(self, x: Array) -> Array:
        """Return ones."""
        return np.ones_like(x)
