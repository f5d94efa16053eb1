"""Normalisation of each image by itself, over groups of channels.

    y = γ (x - μ) / √(σ² + ε) + β        μ, σ² over the pixels and channels of a group, for each image

One group is a layer norm of the image, one group a channel is InstanceNorm. The derivative stands in
`netcore.layers.standardise`.

Source: Wu and He 2018, "Group normalization"; Ulyanov, Vedaldi and Lempitsky 2016, "Instance normalization: the missing
ingredient for fast stylization".
"""

from dataclasses import KW_ONLY, dataclass
from typing import NamedTuple

import numpy as np
from numpy.random import Generator

from netcore.layers.standardise import align, standardise, standardise_back
from netcore.protocol import Array, Params

GROUP = (-1,)


class Cache(NamedTuple):
    """What backward needs again."""

    x_hat: Array  # (batch, groups, entries of a group)
    scale: Array  # (batch, groups, 1)


@dataclass(frozen=True)
class GroupNorm:
    """Normalise x (batch, channels, ...) over groups of channels.

    Args:
        groups: how many; divides the channels.
        channels: size of axis 1.
        eps: ε, added to the variance.

    Example:
        >>> layer = GroupNorm(2, 4)
        >>> y, _ = layer.forward(layer.init(np.random.default_rng(0)), np.ones((2, 4, 3, 5)))
        >>> y.shape
        (2, 4, 3, 5)
    """

    groups: int
    channels: int
    _: KW_ONLY
    eps: float = 1e-5

    def __post_init__(self) -> None:
        if self.groups < 1 or self.channels % self.groups:
            raise ValueError(f"Expected groups to divide channels={self.channels} but got groups={self.groups}")

    def init(self, rng: Generator) -> dict[str, Array]:
        """Return {"gamma": 1, "beta": 0}, each (channels,)."""
        return {"gamma": np.ones(self.channels), "beta": np.zeros(self.channels)}

    def forward(self, params: Params, x: Array, *, rng: Generator | None = None) -> tuple[Array, Cache]:
        """Return y in the shape of x."""
        return _forward(params, x, self.groups, self.channels, self.eps)

    def backward(self, params: Params, cache: Cache, dy: Array) -> tuple[Array, dict[str, Array]]:
        """Pull dy back."""
        return _backward(params, cache, dy)


@dataclass(frozen=True)
class InstanceNorm:
    """Normalise each channel of each image of x (batch, channels, ...) by itself.

    Args:
        channels: size of axis 1.
        eps: ε, added to the variance.

    Example:
        >>> layer = InstanceNorm(3)
        >>> y, _ = layer.forward(layer.init(np.random.default_rng(0)), np.ones((2, 3, 4, 5)))
        >>> y.shape
        (2, 3, 4, 5)
    """

    channels: int
    _: KW_ONLY
    eps: float = 1e-5

    def init(self, rng: Generator) -> dict[str, Array]:
        """Return {"gamma": 1, "beta": 0}, each (channels,)."""
        return {"gamma": np.ones(self.channels), "beta": np.zeros(self.channels)}

    def forward(self, params: Params, x: Array, *, rng: Generator | None = None) -> tuple[Array, Cache]:
        """Return y in the shape of x."""
        return _forward(params, x, self.channels, self.channels, self.eps)

    def backward(self, params: Params, cache: Cache, dy: Array) -> tuple[Array, dict[str, Array]]:
        """Pull dy back."""
        return _backward(params, cache, dy)


def _forward(params: Params, x: Array, groups: int, channels: int, eps: float) -> tuple[Array, Cache]:
    if x.ndim < 3 or x.shape[1] != channels:
        raise ValueError(f"Expected x of shape (batch, {channels}, size ...) but got x.shape={x.shape}")
    rows = x.reshape(len(x), groups, x[:1].size // groups if len(x) else 0)
    x_hat, scale, _, _ = standardise(rows, GROUP, eps)
    return x_hat.reshape(x.shape) * align(params["gamma"], x.ndim) + align(params["beta"], x.ndim), Cache(x_hat, scale)


def _backward(params: Params, cache: Cache, dy: Array) -> tuple[Array, dict[str, Array]]:
    others = (0, *range(2, dy.ndim))
    g = (dy * align(params["gamma"], dy.ndim)).reshape(cache.x_hat.shape)
    grads = {"gamma": (dy * cache.x_hat.reshape(dy.shape)).sum(axis=others), "beta": dy.sum(axis=others)}
    return standardise_back(g, cache.x_hat, cache.scale, GROUP).reshape(dy.shape), grads
