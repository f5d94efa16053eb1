"""Layers of several inputs, and the branch around a layer.

    Add:          y = Σ_i x_i            dx_i = dy
    Concatenate:  y = [x_0, x_1, ...]    dx_i = the part of dy where x_i lies
    Residual:     y = x + f(x)           dx = dy + f's pullback of dy

Add and Concatenate take a tuple of arrays and pull back a tuple. Before them, `Graph` brings the branches together.

Source: He et al. 2016, "Deep residual learning for image recognition", for Residual.
"""

from dataclasses import KW_ONLY, dataclass
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
from numpy.random import Generator

from netcore.protocol import Array, Layer, Params, Stateful


class AddCache(NamedTuple):
    """What backward needs again."""

    inputs: int


@dataclass(frozen=True)
class Add:
    """The sum of arrays of one shape.

    Example:
        >>> Add().forward({}, (np.array([1.0]), np.array([2.0])))[0].tolist()
        [3.0]
    """

    def init(self, rng: Generator) -> dict[str, Array]:
        """Return no parameters."""
        return {}

    def forward(self, params: Params, x: tuple[Array, ...], *, rng: Generator | None = None) -> tuple[Array, AddCache]:
        """Return y in the shape of each x."""
        if len({each.shape for each in x}) != 1:
            raise ValueError(f"Expected arrays of one shape but got shapes {[each.shape for each in x]}")
        return sum(x[1:], start=x[0].copy()), AddCache(len(x))

    def backward(self, params: Params, cache: AddCache, dy: Array) -> tuple[tuple[Array, ...], dict[str, Array]]:
        """Pull dy back: a copy to each input."""
        return tuple(dy.copy() for _ in range(cache.inputs)), {}


class ConcatenateCache(NamedTuple):
    """What backward needs again."""

    sizes: tuple[int, ...]  # of the inputs along the axis


@dataclass(frozen=True)
class Concatenate:
    """Arrays one after another along an axis.

    Args:
        axis: the one that grows.

    Example:
        >>> Concatenate().forward({}, (np.ones((4, 2)), np.ones((4, 3))))[0].shape
        (4, 5)
    """

    _: KW_ONLY
    axis: int = -1

    def init(self, rng: Generator) -> dict[str, Array]:
        """Return no parameters."""
        return {}

    def forward(
        self, params: Params, x: tuple[Array, ...], *, rng: Generator | None = None
    ) -> tuple[Array, ConcatenateCache]:
        """Return y, as large along the axis as all x together."""
        return np.concatenate(x, axis=self.axis), ConcatenateCache(tuple(each.shape[self.axis] for each in x))

    def backward(
        self, params: Params, cache: ConcatenateCache, dy: Array
    ) -> tuple[tuple[Array, ...], dict[str, Array]]:
        """Pull dy back: cut where the inputs met."""
        return tuple(np.split(dy, list(accumulate(cache.sizes))[:-1], axis=self.axis)), {}


class ResidualCache(NamedTuple):
    """What backward needs again."""

    inner: Any  # the layer's own


@dataclass(frozen=True)
class Residual:
    """x + layer(x); the parameters are the layer's own.

    Args:
        layer: one that keeps the shape of x.

    Example:
        >>> layer = Residual(Dense(3, 3))
        >>> y, _ = layer.forward(layer.init(np.random.default_rng(0)), np.ones((4, 3)))
        >>> y.shape
        (4, 3)
    """

    layer: Layer

    def init(self, rng: Generator) -> dict[str, Array]:
        """Draw the layer's parameters."""
        return self.layer.init(rng)

    def forward(self, params: Params, x: Array, *, rng: Generator | None = None) -> tuple[Array, ResidualCache]:
        """Return x + layer(x)."""
        y, cache = self.layer.forward(params, x, rng=rng)
        if y.shape != x.shape:
            raise ValueError(
                f"Expected a layer that keeps the shape {x.shape} but {type(self.layer).__name__} gave {y.shape}"
            )
        return x + y, ResidualCache(cache)

    def backward(self, params: Params, cache: ResidualCache, dy: Array) -> tuple[Array, dict[str, Array]]:
        """Pull dy back both ways and add."""
        dx, grads = self.layer.backward(params, cache.inner, dy)
        return (dy.copy() if dx is None else dy + dx), grads

    def refresh(self, params: Params, cache: ResidualCache) -> dict[str, Array]:
        """Return the layer's statistics after this batch."""
        return self.layer.refresh(params, cache.inner) if isinstance(self.layer, Stateful) else {}
