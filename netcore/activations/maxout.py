"""Maxout: the largest of several pieces.

    y[i] = max_p x[i, p]        dx[i, p] = dy[i] where p is the piece that won, otherwise 0

The linear maps of the pieces are a Dense before, with `pieces` outputs a unit, those of one unit side by side.

Source: Goodfellow et al. 2013, "Maxout networks".
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.random import Generator

from netcore.names import at_least
from netcore.protocol import Array, Params, require_real


class Cache(NamedTuple):
    """What backward needs again."""

    winner: Array  # (..., units, 1) integers: which piece won; the first of equals


@dataclass(frozen=True)
class Maxout:
    """y = the largest of every `pieces` neighbours on the last axis.

    Args:
        pieces: how many compete; the last axis is a multiple of it.

    Example:
        >>> Maxout(2).forward({}, np.array([[1.0, 4.0, 3.0, 2.0]]))[0].tolist()
        [[4.0, 3.0]]
    """

    pieces: int

    def __post_init__(self) -> None:
        at_least(1, pieces=self.pieces)

    def init(self, rng: Generator) -> dict[str, Array]:
        """Return no parameters."""
        return {}

    def forward(self, params: Params, x: Array, *, rng: Generator | None = None) -> tuple[Array, Cache]:
        """Return y (..., units) for x (..., units · pieces)."""
        require_real(x, "Maxout")
        if x.shape[-1] % self.pieces:
            raise ValueError(f"Expected a last axis that is a multiple of {self.pieces} but got x.shape={x.shape}")
        apart = x.reshape(*x.shape[:-1], x.shape[-1] // self.pieces, self.pieces)
        winner = apart.argmax(axis=-1)[..., None]
        return np.take_along_axis(apart, winner, axis=-1)[..., 0], Cache(winner)

    def backward(self, params: Params, cache: Cache, dy: Array) -> tuple[Array, dict[str, Array]]:
        """Pull dy back to the winners; units · pieces on the last axis."""
        apart = np.zeros((*dy.shape, self.pieces), dy.dtype)
        np.put_along_axis(apart, cache.winner, dy[..., None], axis=-1)
        return apart.reshape(*dy.shape[:-1], dy.shape[-1] * self.pieces), {}
