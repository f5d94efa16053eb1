"""The exponential: a positive output, such as a rate."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from netcore.protocol import Array, Elementwise


@dataclass(frozen=True)
class Exp(Elementwise):
    """eˣ, its own derivative.  Beyond 709.78 (88.72 in float32) it is infinite, and numpy warns.

    Example:
        >>> x = np.array([-1.0, 0.5, 2.0])
        >>> Exp()(x).round(3).tolist()
        [0.368, 1.649, 7.389]
        >>> Exp().grad(x).round(3).tolist()
        [0.368, 1.649, 7.389]
    """

    holomorphic: ClassVar[bool] = True

    def __call__(self, x: Array) -> Array:
        """Return eˣ."""
        return np.exp(x)

    def grad(self, x: Array) -> Array:
        """Return eˣ."""
        return np.exp(x)
