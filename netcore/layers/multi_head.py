"""Multi-head attention: attention in several subspaces at once.

    q, k, v = x W + b, cut in three and then into heads        y = [attention of each head] V + c

The pullback is that of a Dense, of `netcore.layers.attention` for each head, and of a Dense again; to a sequence that
is query and memory at once come both shares, in one product.

Source: Vaswani et al. 2017, "Attention is all you need".
"""

from dataclasses import KW_ONLY, dataclass
from typing import NamedTuple

import numpy as np
from numpy.random import Generator

from netcore.initialisers import INITIALISERS
from netcore.layers.attention import Cache as HeadsCache
from netcore.layers.attention import attend, attend_back
from netcore.layers.rotary import rotate
from netcore.names import choose
from netcore.protocol import Array, Params

BASE = 10000.0


class Cache(NamedTuple):
    """What backward needs again."""

    x: Array  # (batch, queries, n)
    memory: Array | None  # (batch, keys, n), or None where x attends to itself
    heads: HeadsCache  # q, k, v, p with (batch, heads) in front
    merged: Array  # (batch, queries, n), the heads side by side


@dataclass(frozen=True)
class MultiHeadAttention:
    """Attend over x (batch, time, n), or from x to a memory, given as a tuple (x, memory).

    Args:
        n: size of the features, a multiple of heads.
        heads: how many.
        causal: whether a query sees only keys up to its own place.
        rotary: whether q and k are turned by their places.
        initialiser: a name in INITIALISERS.

    Example:
        >>> layer = MultiHeadAttention(6, 3, causal=True)
        >>> y, _ = layer.forward(layer.init(np.random.default_rng(0)), np.ones((2, 4, 6)))
        >>> y.shape
        (2, 4, 6)
    """

    n: int
    heads: int
    _: KW_ONLY
    causal: bool = False
    rotary: bool = False
    initialiser: str = "glorot"

    def __post_init__(self) -> None:
        choose(INITIALISERS, self.initialiser, "initialiser")
        if self.heads < 1 or self.n % self.heads:
            raise ValueError(f"Expected heads to divide n={self.n} but got heads={self.heads}")

    def init(self, rng: Generator) -> dict[str, Array]:
        """Draw {"W": (n, 3 n), "b": (1, 3 n), "V": (n, n), "c": (1, n)}; the columns of W are those of q, k, v."""
        make, n = INITIALISERS[self.initialiser], self.n
        W = np.concatenate([make(rng, (n, n), n, n) for _ in range(3)], axis=1)
        return {"W": W, "b": np.zeros((1, 3 * n)), "V": make(rng, (n, n), n, n), "c": np.zeros((1, n))}

    def forward(
        self,
        params: Params,
        x: Array | tuple[Array, Array],
        *,
        rng: Generator | None = None,
        mask: Array | None = None,
    ) -> tuple[Array, Cache]:
        """Return y (batch, queries, n).

        Args:
            x: (batch, time, n), or (x, memory).
            mask: booleans, True where a key may be seen: (batch, keys), or what broadcasts to (batch, heads, queries,
                keys).
        """
        x, memory = x if isinstance(x, tuple) else (x, None)
        if x.ndim != 3 or x.shape[2] != self.n:
            raise ValueError(f"Expected x of shape (batch, time, {self.n}) but got x.shape={x.shape}")
        q, k, v = (self._split(part) for part in self._project(params, x, memory))
        if self.rotary:
            q, k = rotate(q, BASE), rotate(k, BASE)
        mask = None if mask is None else np.asarray(mask, bool)
        mask = mask[:, None, None, :] if mask is not None and mask.ndim == 2 else mask
        y, heads = attend(q, k, v, mask, self.causal)
        merged = _merge(y)
        return merged @ params["V"] + params["c"], Cache(x, memory, heads, merged)

    def backward(self, params: Params, cache: Cache, dy: Array) -> tuple[Array | tuple[Array, Array], dict[str, Array]]:
        """Pull dy back to x, or to x and the memory."""
        n, rows = self.n, dy.reshape(-1, self.n)
        dq, dk, dv = attend_back(cache.heads, self._split(dy @ params["V"].T))
        if self.rotary:
            dq, dk = rotate(dq, BASE, back=True), rotate(dk, BASE, back=True)
        grads = {"V": cache.merged.reshape(-1, n).T @ rows, "c": rows.sum(axis=0, keepdims=True)}
        if cache.memory is None:
            dx, mine = _dense_back(cache.x, params["W"], np.concatenate([_merge(d) for d in (dq, dk, dv)], axis=-1))
            return dx, mine | grads
        dx, by_q = _dense_back(cache.x, params["W"][:, :n], _merge(dq))
        dmemory, by_kv = _dense_back(
            cache.memory, params["W"][:, n:], np.concatenate([_merge(dk), _merge(dv)], axis=-1)
        )
        both = {name: np.concatenate([by_q[name], by_kv[name]], axis=1) for name in ("W", "b")}
        return (dx, dmemory), both | grads

    def _project(self, params: Params, x: Array, memory: Array | None) -> list[Array]:
        W, b, n = params["W"], params["b"], self.n
        if memory is None:
            return np.split(x @ W + b, 3, axis=-1)
        return [x @ W[:, :n] + b[:, :n], *np.split(memory @ W[:, n:] + b[:, n:], 2, axis=-1)]

    def _split(self, x: Array) -> Array:
        """Return (batch, heads, time, n / heads), a view."""
        return x.reshape(*x.shape[:2], self.heads, self.n // self.heads).swapaxes(1, 2)


def _merge(x: Array) -> Array:
    """Return (batch, time, n) from (batch, heads, time, n / heads)."""
    batch, heads, time, d = x.shape
    return x.swapaxes(1, 2).reshape(batch, time, heads * d)


def _dense_back(x: Array, W: Array, dy: Array) -> tuple[Array, dict[str, Array]]:
    rows = dy.reshape(-1, W.shape[1])
    dW = x.reshape(-1, W.shape[0]).T @ rows
    return dy @ W.T, {"W": dW, "b": rows.sum(axis=0, keepdims=True)}
