"""ReLU that lets a little through below zero."""

from dataclasses import dataclass

import numpy as np

from netcore.protocol import Array, Elementwise


@dataclass(frozen=True)
class LeakyReLU(Elementwise):
    """x for x > 0, otherwise s x;    derivative 1 for x > 0, otherwise s.

    Args:
        slope: s, below zero.
    Source: Maas, Hannun and Ng 2013, "Rectifier nonlinearities improve neural network acoustic models".

    Example:
        >>> x = np.array([-1.0, 0.5, 2.0])
        >>> LeakyReLU()(x).round(3).tolist()
        [-0.01, 0.5, 2.0]
        >>> LeakyReLU().grad(x).round(3).tolist()
        [0.01, 1.0, 1.0]
    """

    slope: float = 0.01

    def __call__(self, x: Array) -> Array:
        """Return x or s x."""
        return np.where(x > 0, x, self.slope * x)

    def grad(self, x: Array) -> Array:
        """Return 1 or s."""
        return np.where(x > 0, 1, self.slope).astype(np.result_type(x, self.slope))
