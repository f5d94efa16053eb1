"""Pooling: the largest of each window.

    y[p] = max_k x[s p + k]          dx[s p + k] += dy[p] where k won; the first of equals

It loops over the positions inside a window and keeps one image a step, not all windows. A window that is the whole
image needs no loop.

Source: Dumoulin and Visin 2016, "A guide to convolution arithmetic for deep learning", for sizes.
"""

import math
from dataclasses import KW_ONLY, dataclass
from typing import NamedTuple

import numpy as np
from numpy.random import Generator

from netcore.layers.windows import Size, pooling
from netcore.protocol import Array, Params, floating, require_real


class Cache(NamedTuple):
    """What backward needs again."""

    winner: Array  # (batch, channels, *count) integers: the position inside the window that won
    size: tuple[int, ...]  # of the image


@dataclass(frozen=True)
class MaxPool2d:
    """The largest of each window of x (batch, channels, height, width).

    Args:
        kernel: size of a window; None is the whole image.
        stride: from one window to the next; None is the kernel.
        padding: pixels on both sides that never win; at most half the kernel.

    Example:
        >>> layer = MaxPool2d(2)
        >>> y, _ = layer.forward(layer.init(np.random.default_rng(0)), np.ones((2, 3, 4, 6)))
        >>> y.shape
        (2, 3, 2, 3)
    """

    kernel: Size | None
    _: KW_ONLY
    stride: Size | None = None
    padding: Size = 0

    def init(self, rng: Generator) -> dict[str, Array]:
        """Return no parameters."""
        return {}

    def forward(self, params: Params, x: Array, *, rng: Generator | None = None) -> tuple[Array, Cache]:
        """Return y (batch, channels, rows, columns)."""
        require_real(x, "MaxPool2d")
        w = pooling(x, self.kernel, self.stride, self.padding)
        count = w.count(x.shape[2:])
        x = floating(x)
        if w.whole(x.shape[2:]):
            pixels = x.reshape(*x.shape[:2], 1, 1, math.prod(x.shape[2:]))
            winner = pixels.argmax(axis=-1)
            return np.take_along_axis(pixels, winner[..., None], axis=-1)[..., 0], Cache(winner, x.shape[2:])
        padded = w.pad(x, -np.inf)
        y = np.full((*x.shape[:2], *count), -np.inf, x.dtype)
        winner = np.zeros(y.shape, np.intp)
        for k, tap in enumerate(w.taps(count)):
            seen = padded[tap]
            better = (seen > y) | np.isnan(seen)  # NaN wins and stays: a maximum that hid it would look right
            np.copyto(y, seen, where=better)
            winner[better] = k
        return y, Cache(winner, x.shape[2:])

    def backward(self, params: Params, cache: Cache, dy: Array) -> tuple[Array, dict[str, Array]]:
        """Pull dy back to the pixels that won."""
        w = pooling(dy, self.kernel or cache.size, self.stride, self.padding)
        dx = w.blank(dy, cache.size)
        if w.whole(cache.size):
            pixels = dx.reshape(*dy.shape, math.prod(cache.size))  # a view, since dx is new
            np.put_along_axis(pixels, cache.winner[..., None], dy[..., None], axis=-1)
            return dx, {}
        for k, tap in enumerate(w.taps(dy.shape[2:])):
            dx[tap] += np.where(cache.winner == k, dy, 0)
        return w.crop(dx), {}
