"""Embedding: a row of a table for each id.

    y[i] = W[x[i]]        dW[r] = Σ over all i with x[i] = r of dy[i]        no dx: ids are integers

An id that occurs twice gets the sum of both; `dW[x] = dy` would keep only the last.
"""

import math
from dataclasses import KW_ONLY, dataclass
from typing import NamedTuple

import numpy as np
from numpy.random import Generator

from netcore.initialisers import INITIALISERS
from netcore.names import at_least, choose
from netcore.protocol import Array, Params


class Cache(NamedTuple):
    """What backward needs again."""

    x: Array  # any shape, integers


@dataclass(frozen=True)
class Embedding:
    """Look up rows of a table W (n_ids, n_out).

    Args:
        n_ids: ids are 0 to n_ids - 1.
        n_out: size of a row.
        initialiser: a name in INITIALISERS.

    Example:
        >>> Embedding(3, 2).forward({"W": np.eye(3)[:, :2]}, np.array([2, 0, 0]))[0].tolist()
        [[0.0, 0.0], [1.0, 0.0], [1.0, 0.0]]
    """

    n_ids: int
    n_out: int
    _: KW_ONLY
    initialiser: str = "normal"

    def __post_init__(self) -> None:
        choose(INITIALISERS, self.initialiser, "initialiser")
        at_least(1, n_ids=self.n_ids, n_out=self.n_out)

    def init(self, rng: Generator) -> dict[str, Array]:
        """Draw {"W": (n_ids, n_out)}."""
        return {"W": INITIALISERS[self.initialiser](rng, (self.n_ids, self.n_out), self.n_ids, self.n_out)}

    def forward(self, params: Params, x: Array, *, rng: Generator | None = None) -> tuple[Array, Cache]:
        """Return y (..., n_out) for integers x (...).

        Raises:
            ValueError: x is not integer, or an id names no row; numpy would count a negative one from the end.
        """
        if x.dtype.kind not in "iu":
            raise ValueError(f"Expected integer ids but got x.dtype={x.dtype}")
        if np.any((x < 0) | (x >= self.n_ids)):
            raise ValueError(f"Expected ids from 0 to {self.n_ids - 1} but got ids from {x.min()} to {x.max()}")
        return params["W"][x], Cache(x)

    def backward(self, params: Params, cache: Cache, dy: Array) -> tuple[None, dict[str, Array]]:
        """Pull dy back: rows of dy are sorted by id and each run is summed, several times faster than np.add.at."""
        dW = np.zeros((self.n_ids, self.n_out), dy.dtype)
        ids = cache.x.ravel()
        if ids.size:
            order = np.argsort(ids, kind="stable")
            found, starts = np.unique(ids[order], return_index=True)
            dW[found] = np.add.reduceat(dy.reshape(math.prod(cache.x.shape), self.n_out)[order], starts, axis=0)
        return None, {"W": dW}
