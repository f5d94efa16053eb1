"""Pooling: the mean of each window.

    y[p] = Σ_k x[s p + k] / K        dx[s p + k] += dy[p] / K

It loops over the positions inside a window and keeps one image a step, not all windows. A window that is the whole
image needs no loop.

Source: Dumoulin and Visin 2016, "A guide to convolution arithmetic for deep learning", for sizes.
"""

import math
from dataclasses import KW_ONLY, dataclass
from typing import NamedTuple

import numpy as np
from numpy.random import Generator

from netcore.layers.windows import Size, Windows, pooling
from netcore.protocol import Array, Params


class Cache(NamedTuple):
    """What backward needs again."""

    size: tuple[int, ...]  # of the image


@dataclass(frozen=True)
class AvgPool2d:
    """The mean of each window of x (batch, channels, height, width).

    Args:
        kernel: size of a window; None is the whole image.
        stride: from one window to the next; None is the kernel.
        padding: zeros on both sides.
        count_padding: whether a mean counts the zeros of the padding.

    Example:
        >>> layer = AvgPool2d(None)
        >>> y, _ = layer.forward(layer.init(np.random.default_rng(0)), np.ones((2, 3, 4, 6)))
        >>> y.shape
        (2, 3, 1, 1)
    """

    kernel: Size | None
    _: KW_ONLY
    stride: Size | None = None
    padding: Size = 0
    count_padding: bool = True

    def init(self, rng: Generator) -> dict[str, Array]:
        """Return no parameters."""
        return {}

    def forward(self, params: Params, x: Array, *, rng: Generator | None = None) -> tuple[Array, Cache]:
        """Return y (batch, channels, rows, columns)."""
        w = pooling(x, self.kernel, self.stride, self.padding)
        return _sums(x, w) / self._divisor(w, x.shape[2:], x.dtype), Cache(x.shape[2:])

    def backward(self, params: Params, cache: Cache, dy: Array) -> tuple[Array, dict[str, Array]]:
        """Pull dy back, an equal share to each pixel of a window."""
        w = pooling(dy, self.kernel or cache.size, self.stride, self.padding)
        share = dy / self._divisor(w, cache.size, dy.dtype)
        if w.whole(cache.size):
            return np.broadcast_to(share, (*dy.shape[:2], *cache.size)).copy(), {}
        dx = w.blank(dy, cache.size)
        for tap in w.taps(dy.shape[2:]):
            dx[tap] += share
        return w.crop(dx), {}

    def _divisor(self, w: Windows, size: tuple[int, ...], dtype: np.dtype) -> Array:
        """Return how many pixels each mean counts, (1, 1, rows, columns) or ()."""
        if self.count_padding:
            return np.array(math.prod(w.kernel), dtype)
        return _sums(np.ones((1, 1, *size), dtype), w)


def _sums(x: Array, w: Windows) -> Array:
    if w.whole(x.shape[2:]):
        total: Array = x.sum(axis=(2, 3), keepdims=True)
        return total
    count = w.count(x.shape[2:])
    padded = w.pad(x)
    found = np.zeros((*x.shape[:2], *count), x.dtype)
    for tap in w.taps(count):
        found += padded[tap]
    return found
