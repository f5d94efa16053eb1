"""What RNN, LSTM and GRU have in common: everything outside the loop over time.

Inside, time comes first and is contiguous, (time, batch, features), and the input's share of every pre-activation is
one product for all steps. The loops leave the derivative dz of the pre-activations, from which

    dW = Σ_t x_tᵀ dz_t        dU = Σ_t h_{t-1}ᵀ dz_t        db = Σ_t Σ_batch dz_t        dx_t = dz_t Wᵀ

are one product each, with x, h, W and U conjugated where they are complex (RNN only: the gates have real σ).
"""

import numpy as np
from numpy.random import Generator

from netcore.initialisers import INITIALISERS
from netcore.protocol import Array, Params


def draw(rng: Generator, n_in: int, n: int, gates: int, initialiser: str) -> dict[str, Array]:
    """Draw {"W": (n_in, gates · n), "U": (n, gates · n)} and "b": (1, gates · n) of zeros, gate by gate."""
    make = INITIALISERS[initialiser]
    return {
        "W": np.concatenate([make(rng, (n_in, n), n_in, n) for _ in range(gates)], axis=1),
        "U": np.concatenate([make(rng, (n, n), n, n) for _ in range(gates)], axis=1),
        "b": np.zeros((1, gates * n)),
    }


def time_first(x: Array, n_in: int, reverse: bool) -> Array:
    """Return x (batch, time, n_in) as (time, batch, n_in), contiguous, and back to front if reverse."""
    if x.ndim != 3 or x.shape[2] != n_in:
        raise ValueError(f"Expected x of shape (batch, time, {n_in}) but got x.shape={x.shape}")
    xt = x.swapaxes(0, 1)
    return np.ascontiguousarray(xt[::-1] if reverse else xt)


def project(xt: Array, params: Params) -> Array:
    """Return x_t W + b for all steps, (time, batch, gates · n)."""
    z: Array = xt.reshape(-1, xt.shape[2]) @ params["W"]
    z += params["b"]  # in place: a second array of this size costs as much as the product
    return z.reshape(*xt.shape[:2], z.shape[1])


def states(steps: int, xw: Array, n: int) -> Array:
    """Return an array for h_0 = 0 and what follows it, (time + 1, batch, n)."""
    found = np.empty((steps + 1, xw.shape[1], n), xw.dtype)
    found[0] = 0
    return found


def emit(h: Array, sequences: bool, reverse: bool) -> Array:
    """Return y: all states (batch, time, n) in the order of x, or the last one (batch, n)."""
    if not sequences:
        last: Array = h[-1].copy()
        return last
    after = h[1:]
    return np.array((after[::-1] if reverse else after).swapaxes(0, 1), order="C")  # a copy: the cache keeps h


def received(dy: Array, h: Array, sequences: bool, reverse: bool) -> Array:
    """Return the derivative that each state gets from y directly, (time, batch, n): the transpose of `emit`."""
    if sequences:
        dh = dy.swapaxes(0, 1)
        return np.array(dh[::-1] if reverse else dh, order="C")  # a copy: the loops add to it
    dh = np.zeros(h[1:].shape, dy.dtype)
    dh[-1:] = dy  # a slice, since there may be no step
    return dh


def backward_products(params: Params, xt: Array, h: Array, dz: Array, reverse: bool) -> tuple[Array, dict[str, Array]]:
    """Return dx (batch, time, n_in) and {"W", "U", "b"} from dz (time, batch, gates · n)."""
    rows = dz.reshape(-1, dz.shape[2])
    dx: Array = (rows @ params["W"].conj().T).reshape(xt.shape)
    grads = {
        "W": xt.reshape(-1, xt.shape[2]).conj().T @ rows,
        "U": h[:-1].reshape(-1, h.shape[2]).conj().T @ rows,
        "b": rows.sum(axis=0, keepdims=True),
    }
    return np.ascontiguousarray((dx[::-1] if reverse else dx).swapaxes(0, 1)), grads
