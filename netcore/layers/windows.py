"""Sliding windows over the trailing axes of an image, and their transpose.

`unfold` gathers what each window sees; `fold` adds it back. They are each other's transpose,
⟨unfold(x), c⟩ = ⟨x, fold(c)⟩, so the pullback of one is the other. Both loop over the positions inside a window (nine
for 3 by 3) and over nothing else: each step copies one strided image, faster than a strided view of all windows.
"""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from netcore.protocol import Array

Size: TypeAlias = int | tuple[int, ...]


@dataclass(frozen=True)
class Windows:
    """Where windows lie: one number a spatial axis for each of the four.

    Args:
        kernel: size of a window, before dilation.
        stride: from one window to the next.
        padding: added on both sides of the image.
        dilation: distance of neighbours inside a window.
    """

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...]

    @property
    def reach(self) -> tuple[int, ...]:
        """Return how many pixels a window spans."""
        return tuple(d * (k - 1) + 1 for k, d in zip(self.kernel, self.dilation, strict=True))

    def count(self, size: tuple[int, ...]) -> tuple[int, ...]:
        """Return how many windows fit along each axis of an image, padded.

        Raises:
            ValueError: none does.
        """
        terms = zip(size, self.reach, self.stride, self.padding, strict=True)
        found = tuple((n + 2 * p - r) // s + 1 for n, r, s, p in terms)
        if min(found) < 1:
            raise ValueError(f"Expected size at least {self.reach} with padding {self.padding} but got size={size}")
        return found

    def taps(self, count: tuple[int, ...]) -> Iterator[tuple[slice, ...]]:
        """Yield, for each position inside a window, the pixels of the padded image that all windows have there."""
        for position in itertools.product(*map(range, self.kernel)):
            starts = [k * d for k, d in zip(position, self.dilation, strict=True)]
            terms = zip(starts, self.stride, count, strict=True)
            yield (slice(None), slice(None), *(slice(start, start + s * (n - 1) + 1, s) for start, s, n in terms))

    def unfold(self, x: Array) -> Array:
        """Return (batch, channels, window positions, *windows) for x (batch, channels, *size)."""
        count = self.count(x.shape[2:])
        x = self.pad(x)
        columns = np.empty((*x.shape[:2], math.prod(self.kernel), *count), x.dtype)
        for k, tap in enumerate(self.taps(count)):
            columns[:, :, k] = x[tap]
        return columns

    def fold(self, columns: Array, size: tuple[int, ...]) -> Array:
        """Return x (batch, channels, *size), each pixel the sum over the windows that see it."""
        x = self.blank(columns, size)
        for k, tap in enumerate(self.taps(columns.shape[3:])):
            x[tap] += columns[:, :, k]
        return self.crop(x)

    def pad(self, x: Array, fill: float = 0.0) -> Array:
        """Return x (batch, channels, *size) with `fill` around it."""
        if not any(self.padding):
            return x
        size = tuple(n + 2 * p for n, p in zip(x.shape[2:], self.padding, strict=True))
        padded = np.full((*x.shape[:2], *size), fill, x.dtype)
        padded[self._inside(size)] = x
        return padded

    def blank(self, like: Array, size: tuple[int, ...]) -> Array:
        """Return zeros (batch, channels, *size), padded, of batch, channels and dtype of another array."""
        return np.zeros((*like.shape[:2], *(n + 2 * p for n, p in zip(size, self.padding, strict=True))), like.dtype)

    def whole(self, size: tuple[int, ...]) -> bool:
        """Return whether there is one window, and it is the whole image."""
        return self.kernel == size and not any(self.padding)

    def crop(self, x: Array) -> Array:
        """Return the image without its padding."""
        return x[self._inside(x.shape[2:])]

    def _inside(self, size: tuple[int, ...]) -> tuple[slice, ...]:
        inside = (slice(p, n - p) for n, p in zip(size, self.padding, strict=True))
        return (slice(None), slice(None), *inside)


def windows(axes: int, kernel: Size, stride: Size, padding: Size, dilation: Size = 1) -> Windows:
    """Return Windows over so many axes, where a single number stands for all of them."""
    return Windows(
        _each(axes, kernel, "kernel", 1),
        _each(axes, stride, "stride", 1),
        _each(axes, padding, "padding", 0),
        _each(axes, dilation, "dilation", 1),
    )


def pooling(x: Array, kernel: Size | None, stride: Size | None, padding: Size) -> Windows:
    """Return Windows over images x (batch, channels, height, width); by default side by side, or the whole image."""
    if x.ndim != 4:
        raise ValueError(f"Expected x of shape (batch, channels, height, width) but got x.shape={x.shape}")
    kernel = x.shape[2:] if kernel is None else kernel
    found = windows(2, kernel, kernel if stride is None else stride, padding)
    if any(2 * p > k for p, k in zip(found.padding, found.kernel, strict=True)):
        raise ValueError(f"Expected padding of at most half the kernel {found.kernel} but got padding={padding}")
    return found


def _each(axes: int, value: Size, name: str, least: int) -> tuple[int, ...]:
    values = (value,) * axes if isinstance(value, int) else tuple(value)
    if len(values) != axes or min(values) < least:
        raise ValueError(f"Expected {name} a number of at least {least}, or {axes} of them, but got {name}={value}")
    return values
