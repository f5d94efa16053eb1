"""Gated linear units: one half of an axis passes, weighted by a function of the other half.

With x = [a, b] along the axis:

    GLU:     y = a σ(b)           da = dy σ(b)                          db = dy a σ(b) σ(-b)
    SwiGLU:  y = a σ(a) b         da = dy b (σ(a) + a σ(a) σ(-a))       db = dy a σ(a)

where for complex x the factors of dy are conjugated.

Source: Shazeer 2020, "GLU variants improve transformer"; the linear maps there are a Dense before.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.random import Generator

from netcore.activations.sigmoid import Sigmoid
from netcore.activations.silu import SiLU
from netcore.protocol import Array, Params


class Cache(NamedTuple):
    """What backward needs again."""

    a: Array  # first half of x
    b: Array  # second half of x


@dataclass(frozen=True)
class GLU:
    """y = a σ(b).

    Args:
        axis: the one that is halved; its size is even.

    Example:
        >>> GLU().forward({}, np.array([[1.0, 2.0, 0.0, 3.0]]))[0].round(3).tolist()
        [[0.5, 1.905]]
    """

    axis: int = -1

    def init(self, rng: Generator) -> dict[str, Array]:
        """Return no parameters."""
        return {}

    def forward(self, params: Params, x: Array, *, rng: Generator | None = None) -> tuple[Array, Cache]:
        """Return y, half the size of x along the axis."""
        a, b = _halves(x, self.axis)
        return a * Sigmoid()(b), Cache(a, b)

    def backward(self, params: Params, cache: Cache, dy: Array) -> tuple[Array, dict[str, Array]]:
        """Pull dy back: [dy σ(b), dy a σ'(b)]."""
        a, b = cache
        return np.concatenate([dy * Sigmoid()(b).conj(), dy * (a * Sigmoid().grad(b)).conj()], axis=self.axis), {}


@dataclass(frozen=True)
class SwiGLU:
    """y = silu(a) b.

    Args:
        axis: the one that is halved; its size is even.

    Example:
        >>> SwiGLU().forward({}, np.array([[1.0, 2.0, 0.0, 3.0]]))[0].round(3).tolist()
        [[0.0, 5.285]]
    """

    axis: int = -1

    def init(self, rng: Generator) -> dict[str, Array]:
        """Return no parameters."""
        return {}

    def forward(self, params: Params, x: Array, *, rng: Generator | None = None) -> tuple[Array, Cache]:
        """Return y, half the size of x along the axis."""
        a, b = _halves(x, self.axis)
        return SiLU()(a) * b, Cache(a, b)

    def backward(self, params: Params, cache: Cache, dy: Array) -> tuple[Array, dict[str, Array]]:
        """Pull dy back: [dy b silu'(a), dy silu(a)]."""
        a, b = cache
        return np.concatenate([dy * (b * SiLU().grad(a)).conj(), dy * SiLU()(a).conj()], axis=self.axis), {}


def _halves(x: Array, axis: int) -> tuple[Array, Array]:
    if x.shape[axis] % 2:
        raise ValueError(f"Expected an even size along axis {axis} but got x.shape={x.shape}")
    a, b = np.split(x, 2, axis=axis)
    return a, b
