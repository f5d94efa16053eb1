"""The hyperbolic tangent."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import expit

from netcore.protocol import Array, Elementwise


@dataclass(frozen=True)
class Tanh(Elementwise):
    """tanh(x),    tanh'(x) = 1 - tanh²(x) = 4 σ(2x) σ(-2x).

    Error: a few ulp for every finite x. The last form stands for 1 - tanh², which cancels in the tails, and for
    1 / cosh², which overflows there.

    Example:
        >>> x = np.array([-1.0, 0.5, 2.0])
        >>> Tanh()(x).round(3).tolist()
        [-0.762, 0.462, 0.964]
        >>> Tanh().grad(x).round(3).tolist()
        [0.42, 0.786, 0.071]
    """

    holomorphic: ClassVar[bool] = True

    def __call__(self, x: Array) -> Array:
        """Return tanh(x)."""
        return np.tanh(x)

    def grad(self, x: Array) -> Array:
        """Return 4 σ(2x) σ(-2x)."""
        if np.iscomplexobj(x):  # σ is real in scipy
            return 1 - np.tanh(x) ** 2
        return 4 * expit(2 * x) * expit(-2 * x)
