"""Pooling: the largest or the mean of each window.

    max:   y[p] = max_k x[s p + k]          dx[s p + k] += dy[p] where k won; the first of equals
    mean:  y[p] = Σ_k x[s p + k] / K        dx[s p + k] += dy[p] / K

Both loop over the positions inside a window and keep one image a step, not all windows.

Source: Dumoulin and Visin 2016, "A guide to convolution arithmetic for deep learning", for sizes.
"""

import math
from dataclasses import KW_ONLY, dataclass
from typing import NamedTuple

import numpy as np
from numpy.random import Generator

from netcore.layers.windows import Size, Windows, windows
from netcore.protocol import Array, Params, floating, require_real


class MaxCache(NamedTuple):
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

    def forward(self, params: Params, x: Array, *, rng: Generator | None = None) -> tuple[Array, MaxCache]:
        """Return y (batch, channels, rows, columns)."""
        require_real(x, "MaxPool2d")
        w = _windows(x, self.kernel, self.stride, self.padding)
        count = w.count(x.shape[2:])
        x = floating(x)
        padded = w.pad(x, -np.inf)
        y = np.full((*x.shape[:2], *count), -np.inf, x.dtype)
        winner = np.zeros(y.shape, np.intp)
        for k, tap in enumerate(w.taps(count)):
            seen = padded[tap]
            better = (seen > y) | np.isnan(seen)  # NaN wins and stays: a maximum that hid it would look right
            np.copyto(y, seen, where=better)
            winner[better] = k
        return y, MaxCache(winner, x.shape[2:])

    def backward(self, params: Params, cache: MaxCache, dy: Array) -> tuple[Array, dict[str, Array]]:
        """Pull dy back to the pixels that won."""
        w = _windows(dy, self.kernel or cache.size, self.stride, self.padding)
        dx = _padded_zeros(dy, cache.size, w)
        for k, tap in enumerate(w.taps(dy.shape[2:])):
            dx[tap] += np.where(cache.winner == k, dy, 0)
        return w.crop(dx), {}


class AvgCache(NamedTuple):
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

    def forward(self, params: Params, x: Array, *, rng: Generator | None = None) -> tuple[Array, AvgCache]:
        """Return y (batch, channels, rows, columns)."""
        w = _windows(x, self.kernel, self.stride, self.padding)
        return _sums(x, w) / self._divisor(w, x.shape[2:], x.dtype), AvgCache(x.shape[2:])

    def backward(self, params: Params, cache: AvgCache, dy: Array) -> tuple[Array, dict[str, Array]]:
        """Pull dy back, an equal share to each pixel of a window."""
        w = _windows(dy, self.kernel or cache.size, self.stride, self.padding)
        share = dy / self._divisor(w, cache.size, dy.dtype)
        dx = _padded_zeros(dy, cache.size, w)
        for tap in w.taps(dy.shape[2:]):
            dx[tap] += share
        return w.crop(dx), {}

    def _divisor(self, w: Windows, size: tuple[int, ...], dtype: np.dtype) -> Array:
        """Return how many pixels each mean counts, (1, 1, rows, columns) or ()."""
        if self.count_padding:
            return np.array(math.prod(w.kernel), dtype)
        return _sums(np.ones((1, 1, *size), dtype), w)


def _windows(x: Array, kernel: Size | None, stride: Size | None, padding: Size) -> Windows:
    if x.ndim != 4:
        raise ValueError(f"Expected x of shape (batch, channels, height, width) but got x.shape={x.shape}")
    kernel = x.shape[2:] if kernel is None else kernel
    found = windows(2, kernel, kernel if stride is None else stride, padding)
    if any(2 * p > k for p, k in zip(found.padding, found.kernel, strict=True)):
        raise ValueError(f"Expected padding of at most half the kernel {found.kernel} but got padding={padding}")
    return found


def _sums(x: Array, w: Windows) -> Array:
    count = w.count(x.shape[2:])
    padded = w.pad(x)
    found = np.zeros((*x.shape[:2], *count), x.dtype)
    for tap in w.taps(count):
        found += padded[tap]
    return found


def _padded_zeros(dy: Array, size: tuple[int, ...], w: Windows) -> Array:
    return np.zeros((*dy.shape[:2], *(n + 2 * p for n, p in zip(size, w.padding, strict=True))), dy.dtype)
