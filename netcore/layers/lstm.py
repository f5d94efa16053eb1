"""Long short-term memory.

    i, f, o = σ(z_i), σ(z_f), σ(z_o),   g = tanh(z_g),   z = x_t W + h_{t-1} U + b   in this order along its last axis
    c_t = f c_{t-1} + i g,   h_t = o tanh(c_t),   h_0 = c_0 = 0

With dh_t and dc_t all that reaches h_t and c_t:

    dc_t += dh_t o (1 - tanh²c_t)
    dz_i = dc_t g i(1-i)   dz_f = dc_t c_{t-1} f(1-f)   dz_o = dh_t tanh(c_t) o(1-o)   dz_g = dc_t i (1-g²)
    dc_{t-1} = dc_t f      dh_{t-1} += dz Uᵀ

Source: Hochreiter and Schmidhuber 1997, "Long short-term memory", with the forget gate of Gers, Schmidhuber and Cummins
2000; the forget gate begins open, with a bias of 1, as Jozefowicz, Zaremba and Sutskever 2015 advise.
"""

from dataclasses import KW_ONLY, dataclass
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from scipy.special import expit

from netcore.initialisers import INITIALISERS
from netcore.layers.recurrence import backward_products, draw, emit, project, received, states, time_first
from netcore.names import at_least, choose
from netcore.protocol import Array, Params, require_real


class Cache(NamedTuple):
    """What backward needs again."""

    xt: Array  # (time, batch, n_in)
    h: Array  # (time + 1, batch, n), h_0 first
    c: Array  # (time + 1, batch, n), c_0 first
    tanh_c: Array  # (time, batch, n)
    gates: Array  # (time, batch, 4 n): i, f, o, g


@dataclass(frozen=True)
class LSTM:
    """Run over x (batch, time, n_in).

    Args:
        n_in, n: sizes of an input and of the state.
        sequences: True for all states (batch, time, n), False for the last one (batch, n).
        reverse: whether to run from the end of x to its beginning; states stay in the order of x.
        initialiser: a name in INITIALISERS.

    Example:
        >>> layer = LSTM(3, 5, sequences=False)
        >>> y, _ = layer.forward(layer.init(np.random.default_rng(0)), np.ones((2, 4, 3)))
        >>> y.shape
        (2, 5)
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
        """Draw {"W": (n_in, 4 n), "U": (n, 4 n), "b": (1, 4 n)}."""
        params = draw(rng, self.n_in, self.n, 4, self.initialiser)
        params["b"][:, self.n : 2 * self.n] = 1.0
        return params

    def forward(self, params: Params, x: Array, *, rng: Generator | None = None) -> tuple[Array, Cache]:
        """Return y: (batch, time, n) or (batch, n)."""
        require_real(x, "LSTM")
        n = self.n
        xt = time_first(x, self.n_in, self.reverse)
        gates = project(xt, params)  # the pre-activations, overwritten step by step
        h, c = states(len(xt), gates, n), states(len(xt), gates, n)
        tanh_c = np.empty_like(h[1:])
        for t, z in enumerate(gates):
            z += h[t] @ params["U"]
            expit(z[:, : 3 * n], out=z[:, : 3 * n])
            np.tanh(z[:, 3 * n :], out=z[:, 3 * n :])
            i, f, o, g = (z[:, k * n : (k + 1) * n] for k in range(4))
            c[t + 1] = f * c[t] + i * g
            np.tanh(c[t + 1], out=tanh_c[t])
            np.multiply(o, tanh_c[t], out=h[t + 1])
        return emit(h, self.sequences, self.reverse), Cache(xt, h, c, tanh_c, gates)

    def backward(self, params: Params, cache: Cache, dy: Array) -> tuple[Array, dict[str, Array]]:
        """Pull dy back through time."""
        n = self.n
        xt, h, c, tanh_c, gates = cache
        i, f, o, g = (gates[..., k * n : (k + 1) * n] for k in range(4))
        into_c = o * (1 - tanh_c * tanh_c)  # dh_t times this is what c_t gets from h_t
        # First, for each gate, the derivative of c_t, or of h_t for o, by its pre-activation; the loop multiplies these
        # by dc_t or dh_t. All in place, since arrays of this size cost more to allocate than to fill.
        dz = (1 - gates) * gates
        np.subtract(1, g * g, out=dz[..., 3 * n :])
        for k, factor in enumerate((g, c[:-1], tanh_c, i)):
            dz[..., k * n : (k + 1) * n] *= factor
        dh = received(dy, h, self.sequences, self.reverse)
        Ut = params["U"].T
        carried, dc = np.zeros(h.shape[1:], dy.dtype), np.zeros(h.shape[1:], dy.dtype)
        for t in reversed(range(len(dh))):
            dht = dh[t] + carried
            dc += dht * into_c[t]
            dz[t] *= np.concatenate([dc, dc, dht, dc], axis=1)
            dc *= f[t]
            carried = dz[t] @ Ut
        return backward_products(params, xt, h, dz, self.reverse)
