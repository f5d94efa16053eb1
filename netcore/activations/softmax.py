"""Probabilities from scores, and their logarithms.

    softmax:      y_i = e^{x_i} / Σ_j e^{x_j}            ∂y_i/∂x_j = y_i (δ_ij - y_j)
    log-softmax:  y_i = x_i - log Σ_j e^{x_j}            ∂y_i/∂x_j = δ_ij - e^{y_j}

Both take the largest score off first, which changes neither and lets nothing overflow. An entry's derivative depends on
all its neighbours along the axis, so these are layers and have no `grad`.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.random import Generator

from netcore.protocol import Array, Params, require_real


class Cache(NamedTuple):
    """What backward needs again."""

    y: Array  # the output, any shape


@dataclass(frozen=True)
class Softmax:
    """y_i = e^{x_i} / Σ_j e^{x_j} along one axis.

    Args:
        axis: along which the results sum to 1.

    Example:
        >>> Softmax().forward({}, np.log([[1.0, 3.0]]))[0].round(3).tolist()
        [[0.25, 0.75]]
    """

    axis: int = -1

    def init(self, rng: Generator) -> dict[str, Array]:
        """Return no parameters."""
        return {}

    def forward(self, params: Params, x: Array, *, rng: Generator | None = None) -> tuple[Array, Cache]:
        """Return the probabilities, in the shape of x."""
        y = np.exp(x - _largest(x, self.axis))
        y /= y.sum(axis=self.axis, keepdims=True)
        return y, Cache(y)

    def backward(self, params: Params, cache: Cache, dy: Array) -> tuple[Array, dict[str, Array]]:
        """Pull dy back: dx = y (dy - Σ_j y_j dy_j)."""
        y = cache.y
        return y * (dy - (y * dy).sum(axis=self.axis, keepdims=True)), {}


@dataclass(frozen=True)
class LogSoftmax:
    """y_i = x_i - log Σ_j e^{x_j} along one axis.

    Args:
        axis: along which the exponentials of the results sum to 1.

    Example:
        >>> LogSoftmax().forward({}, np.log([[1.0, 3.0]]))[0].round(3).tolist()
        [[-1.386, -0.288]]
    """

    axis: int = -1

    def init(self, rng: Generator) -> dict[str, Array]:
        """Return no parameters."""
        return {}

    def forward(self, params: Params, x: Array, *, rng: Generator | None = None) -> tuple[Array, Cache]:
        """Return the logarithms of the probabilities, in the shape of x."""
        y = x - _largest(x, self.axis)
        y = y - np.log(np.exp(y).sum(axis=self.axis, keepdims=True))
        return y, Cache(y)

    def backward(self, params: Params, cache: Cache, dy: Array) -> tuple[Array, dict[str, Array]]:
        """Pull dy back: dx = dy - e^y Σ_j dy_j."""
        return dy - np.exp(cache.y) * dy.sum(axis=self.axis, keepdims=True), {}


def _largest(x: Array, axis: int) -> Array:
    require_real(x, "softmax")
    found: Array = x.max(axis=axis, keepdims=True)
    return found
