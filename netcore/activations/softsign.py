"""A sigmoid with polynomial tails."""

from dataclasses import dataclass

import numpy as np

from netcore.protocol import Array, Elementwise


@dataclass(frozen=True)
class Softsign(Elementwise):
    """x / (1 + |x|),    derivative 1 / (1 + |x|)².

    Source: Glorot and Bengio 2010, "Understanding the difficulty of training deep feedforward neural networks".

    Example:
        >>> x = np.array([-1.0, 0.5, 2.0])
        >>> Softsign()(x).round(3).tolist()
        [-0.5, 0.333, 0.667]
        >>> Softsign().grad(x).round(3).tolist()
        [0.25, 0.444, 0.111]
    """

    def __call__(self, x: Array) -> Array:
        """Return x / (1 + |x|)."""
        y: Array = x / (1 + np.abs(x))
        return y

    def grad(self, x: Array) -> Array:
        """Return 1 / (1 + |x|)²."""
        r: Array = 1 / (1 + np.abs(x))
        return r * r
