"""Convolution over any number of spatial axes, shared by Conv1d and Conv2d.

    y[n, o, p] = b[o] + Σ_c Σ_k W[o, c, k] x[n, c, s p + d k - padding]

(a cross-correlation, as everywhere in this field). With the windows of x as columns, c = unfold(x) of shape
(channels · k, windows), each image is one product y = W c, so

    dW = Σ_n dy cᵀ        dx = fold(Wᵀ dy)        db = Σ dy

where for complex arrays c and W are conjugated. Groups cut the channels into blocks that do not see each other: one
more axis in front of every matrix.

Source: Dumoulin and Visin 2016, "A guide to convolution arithmetic for deep learning", for sizes; the derivative is
derived above.
"""

import math
from typing import NamedTuple

from numpy.random import Generator

from netcore.initialisers import INITIALISERS, draw_bias
from netcore.layers.windows import Windows
from netcore.protocol import Array, Params


class Cache(NamedTuple):
    """What backward needs again."""

    columns: Array  # (batch, groups, n_in / groups · k, windows)
    size: tuple[int, ...]  # of the image


def draw(
    rng: Generator, n_in: int, n_out: int, kernel: tuple[int, ...], groups: int, initialiser: str, bias: bool
) -> dict[str, Array]:
    """Draw {"W": (n_out, n_in / groups, *kernel), "b": (n_out,)}."""
    k = math.prod(kernel)
    fans = n_in // groups * k, n_out // groups * k
    W = INITIALISERS[initialiser](rng, (n_out, n_in // groups, *kernel), *fans)
    return {"W": W, "b": draw_bias(initialiser, rng, (n_out,))} if bias else {"W": W}


def convolve(params: Params, x: Array, windows: Windows, groups: int) -> tuple[Array, Cache]:
    """Return y (batch, n_out, *count) for x (batch, n_in, *size)."""
    W = params["W"]
    n_in = W.shape[1] * groups
    if x.ndim != W.ndim or x.shape[1] != n_in:
        raise ValueError(f"Expected x of shape (batch, {n_in}{', size' * (W.ndim - 2)}) but got x.shape={x.shape}")
    count = windows.count(x.shape[2:])
    columns = windows.unfold(x).reshape(len(x), groups, math.prod(W.shape[1:]), math.prod(count))
    y = (_matrix(W, groups) @ columns).reshape(len(x), len(W), *count)
    if "b" in params:
        y += params["b"].reshape(-1, *(1 for _ in count))
    return y, Cache(columns, x.shape[2:])


def convolve_back(
    params: Params, cache: Cache, dy: Array, windows: Windows, groups: int
) -> tuple[Array, dict[str, Array]]:
    """Return dx (batch, n_in, *size) and {"W", "b"} for dy (batch, n_out, *count).

    Error: round-off of a sum over windows and batch for dW, over n_out · k for dx.
    """
    W = params["W"]
    rows = dy.reshape(len(dy), groups, len(W) // groups, math.prod(dy.shape[2:]))
    grads = {"W": (rows @ cache.columns.conj().swapaxes(-1, -2)).sum(axis=0).reshape(W.shape)}
    if "b" in params:
        grads["b"] = rows.sum(axis=-1).sum(axis=0).reshape(-1)
    dcolumns = _matrix(W, groups).conj().swapaxes(-1, -2) @ rows
    n_in = W.shape[1] * groups
    dx = windows.fold(dcolumns.reshape(len(dy), n_in, math.prod(W.shape[2:]), *dy.shape[2:]), cache.size)
    return dx, grads


def _matrix(W: Array, groups: int) -> Array:
    return W.reshape(groups, len(W) // groups, math.prod(W.shape[1:]))


def require_groups(n_in: int, n_out: int, groups: int) -> None:
    """Raise ValueError where channels cannot be cut into so many groups."""
    if groups < 1 or n_in % groups or n_out % groups:
        raise ValueError(f"Expected groups to divide n_in={n_in} and n_out={n_out} but got groups={groups}")
