"""Transposed convolution: the pullback of Conv2d as a layer of its own, which enlarges an image.

With c = Wᵀ x, of shape (n_out · k, pixels of x), each image is

    y = fold(c) + b        dx = W unfold(dy)        dW = Σ_n x unfold(dy)ᵀ        db = Σ dy

where for complex arrays x and W are conjugated going back. So
⟨Conv2d(x), y⟩ = ⟨x, ConvTranspose2d(y)⟩ for the same W without b.

Source: Dumoulin and Visin 2016, "A guide to convolution arithmetic for deep learning", for sizes.
"""

import math
from dataclasses import KW_ONLY, dataclass
from typing import NamedTuple

from numpy.random import Generator

from netcore.initialisers import INITIALISERS, draw_bias
from netcore.layers.windows import Size, Windows, windows
from netcore.names import choose
from netcore.protocol import Array, Params


class Cache(NamedTuple):
    """What backward needs again."""

    x: Array  # (batch, n_in, rows · columns)


@dataclass(frozen=True)
class ConvTranspose2d:
    """Transposed convolution of x (batch, n_in, height, width).

    The result is s (n - 1) + d (k - 1) + 1 - 2 padding + extra pixels high or wide.

    Args:
        n_in, n_out: channels before and after.
        kernel, stride, padding, dilation: of the Conv2d that this transposes.
        extra: pixels added below and right, where several sizes have n windows; less than the stride.
        initialiser: a name in INITIALISERS.
        bias: whether there is a b.

    Example:
        >>> layer = ConvTranspose2d(3, 2, 2, stride=2)
        >>> y, _ = layer.forward(layer.init(np.random.default_rng(0)), np.ones((2, 3, 4, 5)))
        >>> y.shape
        (2, 2, 8, 10)
    """

    n_in: int
    n_out: int
    kernel: Size
    _: KW_ONLY
    stride: Size = 1
    padding: Size = 0
    dilation: Size = 1
    extra: int = 0
    initialiser: str = "he"
    bias: bool = True

    def __post_init__(self) -> None:
        choose(INITIALISERS, self.initialiser, "initialiser")

    @property
    def windows(self) -> Windows:
        """Return where the windows lie in the result."""
        return windows(2, self.kernel, self.stride, self.padding, self.dilation)

    def init(self, rng: Generator) -> dict[str, Array]:
        """Draw {"W": (n_in, n_out, kh, kw), "b": (n_out,)}."""
        kernel = self.windows.kernel
        k = math.prod(kernel)
        W = INITIALISERS[self.initialiser](rng, (self.n_in, self.n_out, *kernel), self.n_in * k, self.n_out * k)
        return {"W": W, "b": draw_bias(self.initialiser, rng, (self.n_out,))} if self.bias else {"W": W}

    def forward(self, params: Params, x: Array, *, rng: Generator | None = None) -> tuple[Array, Cache]:
        """Return y (batch, n_out, height, width) for x (batch, n_in, rows, columns)."""
        if x.ndim != 4 or x.shape[1] != self.n_in:
            raise ValueError(f"Expected x of shape (batch, {self.n_in}, height, width) but got x.shape={x.shape}")
        w = self.windows
        terms = zip(x.shape[2:], w.stride, w.reach, w.padding, strict=True)
        size = tuple(s * (n - 1) + r - 2 * p + self.extra for n, s, r, p in terms)
        if w.count(size) != x.shape[2:]:
            raise ValueError(f"Expected extra less than the stride {w.stride} but got extra={self.extra}")
        flat = x.reshape(*x.shape[:2], math.prod(x.shape[2:]))
        columns = params["W"].reshape(self.n_in, -1).T @ flat
        y = w.fold(columns.reshape(len(x), self.n_out, math.prod(w.kernel), *x.shape[2:]), size)
        return (y + params["b"].reshape(-1, 1, 1) if self.bias else y), Cache(flat)

    def backward(self, params: Params, cache: Cache, dy: Array) -> tuple[Array, dict[str, Array]]:
        """Pull dy back: dx = W unfold(dy), dW = Σ_n x unfold(dy)ᵀ, db = Σ dy."""
        W = params["W"]
        count = self.windows.count(dy.shape[2:])
        columns = self.windows.unfold(dy).reshape(len(dy), math.prod(W.shape[1:]), math.prod(count))
        grads = {"W": (cache.x.conj() @ columns.swapaxes(-1, -2)).sum(axis=0).reshape(W.shape)}
        if self.bias:
            grads["b"] = dy.sum(axis=(0, 2, 3))
        return (W.reshape(self.n_in, -1).conj() @ columns).reshape(len(dy), self.n_in, *count), grads
