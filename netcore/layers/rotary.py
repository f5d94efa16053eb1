"""Rotary positions: each pair of features is turned by an angle proportional to its place in time.

    [y_2i, y_2i+1] = R(t θ_i) [x_2i, x_2i+1],   θ_i = base^{-2i/d},   R a rotation

The pullback is the rotation back, dx = R(-t θ) dy; the product of two rotated vectors depends on t - t' only.

Source: Su et al. 2021, "RoFormer".
"""

from dataclasses import KW_ONLY, dataclass
from typing import NamedTuple

import numpy as np
from numpy.random import Generator

from netcore.protocol import Array, Params, floating


class Cache(NamedTuple):
    """What backward needs again: nothing."""


@dataclass(frozen=True)
class Rotary:
    """Turn x (..., time, d), with d even.

    Args:
        base: of the angles.

    Example:
        >>> layer = Rotary()
        >>> y, _ = layer.forward(layer.init(np.random.default_rng(0)), np.ones((2, 5, 6)))
        >>> y.shape
        (2, 5, 6)
    """

    _: KW_ONLY
    base: float = 10000.0

    def init(self, rng: Generator) -> dict[str, Array]:
        """Return no parameters."""
        return {}

    def forward(self, params: Params, x: Array, *, rng: Generator | None = None) -> tuple[Array, Cache]:
        """Return y in the shape of x."""
        return rotate(x, self.base), Cache()

    def backward(self, params: Params, cache: Cache, dy: Array) -> tuple[Array, dict[str, Array]]:
        """Pull dy back: turn it the other way."""
        return rotate(dy, self.base, back=True), {}


def rotate(x: Array, base: float, *, back: bool = False) -> Array:
    """Return x (..., time, d) turned by its places, or turned back."""
    x = floating(x)
    time, d = x.shape[-2:]
    if d % 2:
        raise ValueError(f"Expected an even last axis for rotary positions but got x.shape={x.shape}")
    angle = np.arange(time)[:, None] * base ** (-np.arange(0, d, 2) / d)
    cos, sin = np.cos(angle).astype(x.dtype), np.sin(-angle if back else angle).astype(x.dtype)
    y = np.empty_like(x)
    y[..., 0::2] = x[..., 0::2] * cos - x[..., 1::2] * sin
    y[..., 1::2] = x[..., 0::2] * sin + x[..., 1::2] * cos
    return y
