"""Scaled dot-product attention.

    s = q kᵀ / √d        p = softmax(s) over the keys that may be seen        y = p v

    dv = pᵀ dy           dp = dy vᵀ      ds = p (dp - Σ_keys p dp)            dq = ds k / √d      dk = dsᵀ q / √d

A key that may not be seen has p = 0, and so ds = 0 without another mask. A query that may see no key has y = 0.

Source: Vaswani et al. 2017, "Attention is all you need".
"""

import math
from dataclasses import KW_ONLY, dataclass
from typing import NamedTuple

import numpy as np
from numpy.random import Generator

from netcore.protocol import Array, Params, require_real


class Cache(NamedTuple):
    """What backward needs again."""

    q: Array  # (..., queries, d)
    k: Array  # (..., keys, d)
    v: Array  # (..., keys, d_v)
    p: Array  # (..., queries, keys)


@dataclass(frozen=True)
class Attention:
    """Attend from q (..., queries, d) to k (..., keys, d) and v (..., keys, d_v), given as a tuple.

    Args:
        causal: whether a query sees only keys up to its own place, counted from the end where there are more keys.

    Example:
        >>> q, k, v = np.ones((2, 3, 4)), np.ones((2, 5, 4)), np.ones((2, 5, 7))
        >>> Attention().forward({}, (q, k, v))[0].shape
        (2, 3, 7)
    """

    _: KW_ONLY
    causal: bool = False

    def init(self, rng: Generator) -> dict[str, Array]:
        """Return no parameters."""
        return {}

    def forward(
        self,
        params: Params,
        x: tuple[Array, Array, Array],
        *,
        rng: Generator | None = None,
        mask: Array | None = None,
    ) -> tuple[Array, Cache]:
        """Return y (..., queries, d_v).

        Args:
            x: (q, k, v).
            mask: booleans that broadcast to (..., queries, keys), True where a key may be seen.
        """
        q, k, v = x
        if q.shape[-1] != k.shape[-1] or k.shape[-2] != v.shape[-2]:
            shapes = [each.shape for each in x]
            raise ValueError(f"Expected q, k of one last axis and k, v of as many keys but got shapes {shapes}")
        return attend(q, k, v, mask, self.causal)

    def backward(self, params: Params, cache: Cache, dy: Array) -> tuple[tuple[Array, Array, Array], dict[str, Array]]:
        """Pull dy back to q, k and v."""
        return attend_back(cache, dy), {}


def attend(q: Array, k: Array, v: Array, mask: Array | None, causal: bool) -> tuple[Array, Cache]:
    """Return y and the cache."""
    require_real(q, "attention")
    p = (q * (1 / math.sqrt(q.shape[-1]))) @ k.swapaxes(-1, -2)  # scaling q costs less than scaling the scores
    if causal:
        queries, keys = p.shape[-2:]
        np.copyto(p, -np.inf, where=~np.tri(queries, keys, keys - queries, dtype=bool))
    if mask is not None:
        np.copyto(p, -np.inf, where=~np.asarray(mask, bool))
    largest = p.max(axis=-1, keepdims=True, initial=-np.inf)
    p -= np.where(np.isneginf(largest), 0, largest)
    np.exp(p, out=p)
    total = p.sum(axis=-1, keepdims=True)
    p /= np.where(total == 0, 1, total)
    return p @ v, Cache(q, k, v, p)


def attend_back(cache: Cache, dy: Array) -> tuple[Array, Array, Array]:
    """Return dq, dk, dv."""
    q, k, v, p = cache
    ds = dy @ v.swapaxes(-1, -2)
    ds -= np.einsum("...ij,...ij->...i", ds, p)[..., None]
    ds *= p
    scale = 1 / math.sqrt(q.shape[-1])
    return (ds @ k) * scale, (ds.swapaxes(-1, -2) @ q) * scale, p.swapaxes(-1, -2) @ dy
