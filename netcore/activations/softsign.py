"""A sigmoid with polynomial tails."""

from dataclasses import dataclass

import numpy as np

from netcore.protocol import Array, Elementwise


@dataclass(frozen=True)
class Softsign(Elementwise):
    """x / (1 + |x|),    derivative 1 / (1 + |x|)².

    Source: Glorot and Bengio 2010, "Understanding the difficulty of training deep feedforward neural networks".
    """

    def __call__(self, x: Array) -> Array:
        """Return x / (1 + |x|)."""
        y: Array = x / (1 + np.abs(x))
        return y

    def grad(self, x: Array) -> Array:
        """Return 1 / (1 + |x|)²."""
        r: Array = 1 / (1 + np.abs(x))
        return r * r
