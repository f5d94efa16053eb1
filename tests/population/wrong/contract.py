"""Ways to spoil a right rule against the contract rather than against mathematics: shape, dtype, memory, state."""

from __future__ import annotations

import numpy as np

from ..oracle import as_tuple
from .mutators import edit, wrong


def none(base, block=0):
    return edit(base, "None", "none", lambda g, x: None, block)


def nonfinite(base, value=np.nan, block=0):
    def change(g, x):
        g.flat[g.size // 2] = value
        return g

    return edit(base, f"one entry {value}", "nonfinite", change, block)


def reshaped(base, how, change, block=0):
    return edit(base, how, "shape", lambda g, x: change(g), block)


def recast(base, kind, block=0):
    return edit(base, f"returned as {np.dtype(kind).name}", "dtype", lambda g, x: g.astype(kind), block)


def mutates_input(base, block=0):
    def vjp(inputs, u):
        grads = base.vjp(inputs, u)
        inputs[block][...] *= 0.5
        return grads

    return wrong(base, f"overwrites {base.names[block]}", "mutation", vjp)


def mutates_cotangent(base):
    def vjp(inputs, u):
        grads = tuple(None if g is None else np.array(g) for g in base.vjp(inputs, u))
        for a in as_tuple(u):
            a[...] *= 2
        return grads

    return wrong(base, "overwrites the cotangent", "overwritten", vjp)


def aliases(base):
    """Return the same buffers at every call."""
    kept = {}

    def vjp(inputs, u):
        for i, g in enumerate(base.vjp(inputs, u)):
            if g is not None:
                kept.setdefault(i, np.empty_like(g))[...] = g
        return tuple(kept.get(i) for i in range(len(inputs)))

    return wrong(base, "returns one buffer again and again", "aliasing", vjp)


def second_doubles(base):
    calls = []

    def vjp(inputs, u):
        calls.append(None)
        return tuple(None if g is None else g * (2 - len(calls) % 2) for g in base.vjp(inputs, u))

    return wrong(base, "every second call doubled", "state", vjp)


def accumulates(base):
    """Add to the sums of all calls before, never zeroed."""
    sums = {}

    def vjp(inputs, u):
        for i, g in enumerate(base.vjp(inputs, u)):
            sums[i] = None if g is None else sums.get(i, 0) + g
        return tuple(sums[i] for i in range(len(inputs)))

    return wrong(base, "never zeroed", "state", vjp)


def jitters(base, r=1e-3):
    """Multiply by fresh random factors at every call."""
    rng = np.random.default_rng(7)

    def vjp(inputs, u):
        return tuple(None if g is None else g * (1 + r * rng.standard_normal(g.shape)) for g in base.vjp(inputs, u))

    return wrong(base, f"random factors of ± {r:g}", "state", vjp)


def one_late(base):
    """Pull back at the inputs of the call before this one."""
    before = []

    def vjp(inputs, u):
        before.append(tuple(np.array(x) for x in inputs))
        return base.vjp(before.pop(0) if len(before) > 1 else base.draw(np.random.default_rng(2024)), u)

    return wrong(base, "one call late", "state", vjp)


def raises(base, error=ValueError):
    def vjp(inputs, u):
        raise error("backward is not written yet")

    return wrong(base, f"raises {error.__name__}", "raises", vjp)


def one_too_few(base):
    return wrong(base, "one gradient too few", "count", lambda inputs, u: base.vjp(inputs, u)[:-1])


def one_too_many(base):
    return wrong(base, "one gradient too many", "count", lambda inputs, u: (*base.vjp(inputs, u), np.array(0.0)))
