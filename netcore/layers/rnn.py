"""The plain recurrent layer.

    h_t = tanh(x_t W + h_{t-1} U + b),  h_0 = 0

With dh_t all that reaches h_t, from y and from the step after:  dz_t = dh_t (1 - h_t²),  dh_{t-1} += dz_t Uᵀ; the rest
stands in `netcore.layers.recurrence`.

Source: Elman 1990, "Finding structure in time".
"""

from dataclasses import KW_ONLY, dataclass
from typing import NamedTuple

import numpy as np
from numpy.random import Generator

from netcore.initialisers import INITIALISERS
from netcore.layers.recurrence import backward_products, draw, emit, project, received, states, time_first
from netcore.names import at_least, choose
from netcore.protocol import Array, Params


class Cache(NamedTuple):
    """What backward needs again."""

    xt: Array  # (time, batch, n_in)
    h: Array  # (time + 1, batch, n), h_0 first


@dataclass(frozen=True)
class RNN:
    """Run over x (batch, time, n_in).

    Args:
        n_in, n: sizes of an input and of the state.
        sequences: True for all states (batch, time, n), False for the last one (batch, n).
        reverse: whether to run from the end of x to its beginning; states stay in the order of x.
        initialiser: a name in INITIALISERS.

    Example:
        >>> layer = RNN(3, 5)
        >>> y, _ = layer.forward(layer.init(np.random.default_rng(0)), np.ones((2, 4, 3)))
        >>> y.shape
        (2, 4, 5)
    """

    n_in: int
    n: int
    _: KW_ONLY
    sequences: bool = True
    reverse: bool = False
    initialiser: str = "glorot"

    def __post_init__(self) -> None:
        choose(INITIALISERS, self.initialiser, "initialiser")
        at_least(1, n_in=self.n_in, n=self.n)

    def init(self, rng: Generator) -> dict[str, Array]:
        """Draw {"W": (n_in, n), "U": (n, n), "b": (1, n)}."""
        return draw(rng, self.n_in, self.n, 1, self.initialiser)

    def forward(self, params: Params, x: Array, *, rng: Generator | None = None) -> tuple[Array, Cache]:
        """Return y: (batch, time, n) or (batch, n)."""
        xt = time_first(x, self.n_in, self.reverse)
        xw = project(xt, params)
        h = states(len(xt), xw, self.n)
        for t in range(len(xt)):
            h[t + 1] = np.tanh(xw[t] + h[t] @ params["U"])
        return emit(h, self.sequences, self.reverse), Cache(xt, h)

    def backward(self, params: Params, cache: Cache, dy: Array) -> tuple[Array, dict[str, Array]]:
        """Pull dy back through time."""
        h = cache.h
        dh = received(dy, h, self.sequences, self.reverse)
        slope = (1 - h[1:] * h[1:]).conj()
        dz = np.empty(dh.shape, np.result_type(h, dh))
        Ut = params["U"].conj().T
        carried = np.zeros(h.shape[1:], dz.dtype)
        for t in reversed(range(len(dh))):
            dz[t] = (dh[t] + carried) * slope[t]
            carried = dz[t] @ Ut
        return backward_products(params, cache.xt, h, dz, self.reverse)
