"""The gated recurrent unit, with the reset gate after the product.

    r, z = σ(a_r), σ(a_z)            a = x_t W + h_{t-1} U + b   for r and z
    q = h_{t-1} U_q + c              s = tanh(x_t W_q + b_q + r q)
    h_t = (1 - z) s + z h_{t-1},     h_0 = 0

With dh_t all that reaches h_t:

    ds = dh_t (1 - z) (1 - s²)       da_z = dh_t (h_{t-1} - s) z (1 - z)      da_r = ds q r (1 - r)      dq = ds r
    dh_{t-1} += dh_t z + [da_r, da_z, dq] Uᵀ

W and b see [da_r, da_z, ds], U and c see [da_r, da_z, dq]: in the third column they differ by r.

Source: Cho et al. 2014, "Learning phrase representations using RNN encoder-decoder", in the form that cuDNN computes.
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
    gates: Array  # (time, batch, 3 n): r, z, s
    q: Array  # (time, batch, n)


@dataclass(frozen=True)
class GRU:
    """Run over x (batch, time, n_in).

    Args:
        n_in, n: sizes of an input and of the state.
        sequences: True for all states (batch, time, n), False for the last one (batch, n).
        reverse: whether to run from the end of x to its beginning; states stay in the order of x.
        initialiser: a name in INITIALISERS.

    Example:
        >>> layer = GRU(3, 5)
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
        """Draw {"W": (n_in, 3 n), "U": (n, 3 n), "b": (1, 3 n), "c": (1, n)}, the columns in the order r, z, s."""
        return {**draw(rng, self.n_in, self.n, 3, self.initialiser), "c": np.zeros((1, self.n))}

    def forward(self, params: Params, x: Array, *, rng: Generator | None = None) -> tuple[Array, Cache]:
        """Return y: (batch, time, n) or (batch, n)."""
        require_real(x, "GRU")
        n = self.n
        xt = time_first(x, self.n_in, self.reverse)
        gates = project(xt, params)  # the pre-activations, overwritten step by step
        h = states(len(xt), gates, n)
        q = np.empty_like(h[1:])
        for t, a in enumerate(gates):
            hu = h[t] @ params["U"]
            a[:, : 2 * n] = expit(a[:, : 2 * n] + hu[:, : 2 * n])
            r, z, s = (a[:, k * n : (k + 1) * n] for k in range(3))
            np.add(hu[:, 2 * n :], params["c"], out=q[t])
            np.tanh(s + r * q[t], out=s)
            h[t + 1] = s + z * (h[t] - s)
        return emit(h, self.sequences, self.reverse), Cache(xt, h, gates, q)

    def backward(self, params: Params, cache: Cache, dy: Array) -> tuple[Array, dict[str, Array]]:
        """Pull dy back through time."""
        n = self.n
        xt, h, gates, q = cache
        r, z, s = (gates[..., k * n : (k + 1) * n] for k in range(3))
        by_s = (1 - z) * (1 - s * s)  # times dh_t: what reaches s before its tanh, and through it r and q
        du = np.empty_like(gates)  # at first by h, times dh_t in the loop: [da_r, da_z, dq], what U sees
        np.multiply(by_s * q, r * (1 - r), out=du[..., :n])
        np.multiply(h[:-1] - s, z * (1 - z), out=du[..., n : 2 * n])
        np.multiply(by_s, r, out=du[..., 2 * n :])
        dh = received(dy, h, self.sequences, self.reverse)
        Ut = params["U"].T
        carried = np.zeros(h.shape[1:], dy.dtype)
        for t in reversed(range(len(dh))):
            dh[t] += carried
            du[t] *= np.concatenate([dh[t]] * 3, axis=1)
            carried = dh[t] * z[t] + du[t] @ Ut
        da = np.concatenate([du[..., : 2 * n], dh * by_s], axis=2)  # what W sees
        dx, grads = backward_products(params, xt, h, da, self.reverse)
        rows = du.reshape(-1, 3 * n)
        grads["U"] = h[:-1].reshape(-1, n).T @ rows
        grads["c"] = rows[:, 2 * n :].sum(axis=0, keepdims=True)
        return dx, grads
