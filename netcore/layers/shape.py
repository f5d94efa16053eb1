"""Layers that move entries about and change none: their pullback moves them back."""

import math
from dataclasses import KW_ONLY, dataclass
from typing import NamedTuple

import numpy as np
from numpy.random import Generator

from netcore.names import at_least
from netcore.protocol import Array, Params


class Cache(NamedTuple):
    """What backward needs again."""

    shape: tuple[int, ...]  # of x


@dataclass(frozen=True)
class Flatten:
    """x (batch, ...) as (batch, n).

    Example:
        >>> layer = Flatten()
        >>> y, _ = layer.forward(layer.init(np.random.default_rng(0)), np.ones((4, 2, 3)))
        >>> y.shape
        (4, 6)
    """

    def init(self, rng: Generator) -> dict[str, Array]:
        """Return no parameters."""
        return {}

    def forward(self, params: Params, x: Array, *, rng: Generator | None = None) -> tuple[Array, Cache]:
        """Return y (batch, n), a view of x where numpy can."""
        return x.reshape(len(x), math.prod(x.shape[1:])), Cache(x.shape)

    def backward(self, params: Params, cache: Cache, dy: Array) -> tuple[Array, dict[str, Array]]:
        """Pull dy back into the shape of x."""
        return dy.reshape(cache.shape), {}


@dataclass(frozen=True)
class Reshape:
    """x (batch, ...) as (batch, *shape).

    Args:
        shape: of one row; no -1.

    Example:
        >>> layer = Reshape((3, 2))
        >>> y, _ = layer.forward(layer.init(np.random.default_rng(0)), np.ones((4, 6)))
        >>> y.shape
        (4, 3, 2)
    """

    shape: tuple[int, ...]

    def init(self, rng: Generator) -> dict[str, Array]:
        """Return no parameters."""
        return {}

    def forward(self, params: Params, x: Array, *, rng: Generator | None = None) -> tuple[Array, Cache]:
        """Return y (batch, *shape), a view of x where numpy can."""
        if math.prod(x.shape[1:]) != math.prod(self.shape):
            raise ValueError(f"Expected rows with as many entries as {self.shape} but got x.shape={x.shape}")
        return x.reshape(len(x), *self.shape), Cache(x.shape)

    def backward(self, params: Params, cache: Cache, dy: Array) -> tuple[Array, dict[str, Array]]:
        """Pull dy back into the shape of x."""
        return dy.reshape(cache.shape), {}


@dataclass(frozen=True)
class Permute:
    """x with its axes in another order: axis i of y is axis axes[i] of x.

    Args:
        axes: each axis once, the batch's among them.

    Example:
        >>> layer = Permute((0, 2, 1))
        >>> y, _ = layer.forward(layer.init(np.random.default_rng(0)), np.ones((4, 2, 3)))
        >>> y.shape
        (4, 3, 2)
    """

    axes: tuple[int, ...]

    def init(self, rng: Generator) -> dict[str, Array]:
        """Return no parameters."""
        return {}

    def forward(self, params: Params, x: Array, *, rng: Generator | None = None) -> tuple[Array, Cache]:
        """Return y, a view of x."""
        return x.transpose(self.axes), Cache(x.shape)

    def backward(self, params: Params, cache: Cache, dy: Array) -> tuple[Array, dict[str, Array]]:
        """Pull dy back by the inverse order."""
        return dy.transpose(tuple(np.argsort(self.axes))), {}


@dataclass(frozen=True)
class Pad:
    """x (batch, ...) with a constant around its trailing axes.

    Args:
        widths: (before, after) for each trailing axis, the last pair for the last axis.
        fill: the constant.

    Example:
        >>> layer = Pad(((1, 2),))
        >>> y, _ = layer.forward(layer.init(np.random.default_rng(0)), np.ones((4, 2, 3)))
        >>> y.shape
        (4, 2, 6)
    """

    widths: tuple[tuple[int, int], ...]
    _: KW_ONLY
    fill: float = 0.0

    def init(self, rng: Generator) -> dict[str, Array]:
        """Return no parameters."""
        return {}

    def forward(self, params: Params, x: Array, *, rng: Generator | None = None) -> tuple[Array, Cache]:
        """Return y, larger by the widths."""
        widths = ((0, 0),) * (x.ndim - len(self.widths)) + self.widths
        return np.pad(x, widths, constant_values=self.fill), Cache(x.shape)

    def backward(self, params: Params, cache: Cache, dy: Array) -> tuple[Array, dict[str, Array]]:
        """Pull dy back: the part inside."""
        outer = len(cache.shape) - len(self.widths)
        inner = (slice(before, before + n) for (before, _), n in zip(self.widths, cache.shape[outer:], strict=True))
        return dy[(*(slice(None),) * outer, *inner)], {}


@dataclass(frozen=True)
class Upsample:
    """x (batch, channels, height, width) with each pixel repeated `factor` times in both directions.

    Args:
        factor: how many times larger.

    Example:
        >>> layer = Upsample(2)
        >>> y, _ = layer.forward(layer.init(np.random.default_rng(0)), np.ones((2, 3, 4, 5)))
        >>> y.shape
        (2, 3, 8, 10)
    """

    factor: int

    def __post_init__(self) -> None:
        at_least(1, factor=self.factor)

    def init(self, rng: Generator) -> dict[str, Array]:
        """Return no parameters."""
        return {}

    def forward(self, params: Params, x: Array, *, rng: Generator | None = None) -> tuple[Array, Cache]:
        """Return y (batch, channels, factor · height, factor · width)."""
        return x.repeat(self.factor, axis=-2).repeat(self.factor, axis=-1), Cache(x.shape)

    def backward(self, params: Params, cache: Cache, dy: Array) -> tuple[Array, dict[str, Array]]:
        """Pull dy back: the sum over the copies of a pixel."""
        *rest, height, width = cache.shape
        return dy.reshape(*rest, height, self.factor, width, self.factor).sum(axis=(-3, -1)), {}
