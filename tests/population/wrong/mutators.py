"""Ways to spoil a right rule: each returns a wrong Rule with its kind of mistake, its size where known, its base."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..make import quiet
from ..oracle import as_tuple
from ..rule import Rule


def shelf(*rooms):
    """The right rules of some files, by name without family."""
    return {rule.name.removeprefix(f"{rule.family}: "): rule for room in rooms for rule in room.RULES}


def wrong(base: Rule, how, slug, vjp, size=None, note="") -> Rule:
    return replace(base, name=f"{base.name}: {how}", slug=slug, size=size, vjp=quiet(vjp), note=note, base=base)


def bug(base: Rule, how, slug, *, size=None, note="", **pulls) -> Rule:
    """Replace the gradients named in pulls, x=lambda u, *inputs: ...; the others stay right."""
    for name in pulls:
        assert name in base.names, (base.name, name)

    def vjp(inputs, u):
        grads = base.vjp(inputs, u)
        return tuple(
            np.asarray(pulls[n](u, *inputs), dtype=x.dtype) if n in pulls else g
            for n, g, x in zip(base.names, grads, inputs, strict=True)
        )

    return wrong(base, how, slug, vjp, size, note)


def rewrite(base: Rule, how, slug, pull, *, size=None, note="") -> Rule:
    """Replace all gradients by the tuple, or the lone array, pull(u, *inputs)."""

    def vjp(inputs, u):
        grads = pull(u, *inputs)
        return grads if isinstance(grads, tuple) else (grads,)

    return wrong(base, how, slug, vjp, size, note)


def edit(base: Rule, how, slug, change, block=0, size=None, note="") -> Rule:
    """Replace one gradient g by change(g, x), a copy of g and its input."""

    def vjp(inputs, u):
        grads = list(base.vjp(inputs, u))
        grads[block] = change(np.array(grads[block]), inputs[block])
        return tuple(grads)

    if len(base.names) > 1:
        how = f"{how} in {base.names[block]}"
    return wrong(base, how, slug, vjp, size, note)


def factor(base, r, block=0):
    return edit(base, f"× {1 + r:.9g}", "factor", lambda g, x: g * (1 + r), block, abs(r))


def sign(base, block=0):
    return edit(base, "sign turned", "sign", lambda g, x: -g, block, 2.0)


def zero(base, block=0):
    return edit(base, "all zeros", "zero", lambda g, x: 0 * g, block, 1.0)


def transposed(base, block=0):
    return edit(base, "transposed", "transposed", lambda g, x: g.T.copy(), block)


def flipped(base, axis, block=0):
    return edit(base, f"axis {axis} reversed", "permuted", lambda g, x: np.flip(g, axis).copy(), block)


def shifted(base, axis, block=0):
    return edit(base, f"axis {axis} off by one", "shift", lambda g, x: np.roll(g, 1, axis), block)


def refolded(base, block=0):
    return edit(
        base, "read in column order", "permuted", lambda g, x: g.ravel(order="F").reshape(g.shape).copy(), block
    )


def times_at(base, at, r, slug, how, block=0, note=""):
    def change(g, x):
        g[at] *= r
        return g

    return edit(base, f"{how} × {r:g}", slug, change, block, note=note)


def one_entry(base, r=2.0, at=None, block=0):
    """Spoil a single entry, by default the one of median magnitude."""

    def change(g, x):
        i = np.argsort(np.abs(g), axis=None)[g.size // 2] if at is None else at
        g.flat[i] *= r
        return g

    return edit(base, f"one entry × {r:g}", "one_entry", change, block)


def one_row(base, r=2.0, row=-1, block=0):
    return times_at(base, row, r, "one_row", f"row {row}", block)


def one_channel(base, r=0.5, channel=1, block=0):
    return times_at(base, (slice(None), channel), r, "one_channel", f"channel {channel}", block)


def alternate(base, r=0.3, block=0):
    def change(g, x):
        return g * (1 + r * (-1.0) ** np.arange(g.size).reshape(g.shape)).astype(g.dtype)

    return edit(base, f"alternately ± {r:g}", "alternating", change, block, r)


def where(base, inside, r, slug, how, block=0):
    """Multiply by r where inside(x)."""
    return edit(base, how, slug, lambda g, x: np.where(inside(x), r * g, g), block)


def flattened(base, block=0):
    return edit(base, "its own mean everywhere", "averaged", lambda g, x: np.full_like(g, g.mean()), block)


def swapped(base, i, j):
    def vjp(inputs, u):
        grads = list(base.vjp(inputs, u))
        grads[i], grads[j] = grads[j], grads[i]
        return tuple(grads)

    return wrong(base, f"{base.names[i]} and {base.names[j]} swapped", "swapped", vjp)


def on_cotangent(base, how, slug, change, size=None):
    """Pull something else than the cotangent back."""

    def vjp(inputs, u):
        us = tuple(np.asarray(change(np.asarray(a)), dtype=np.asarray(a).dtype) for a in as_tuple(u))
        return base.vjp(inputs, us if isinstance(u, tuple) else us[0])

    return wrong(base, how, slug, vjp, size)


def cotangent_squared(base):
    return on_cotangent(base, "cotangent squared", "cotangent_nonlinear", lambda u: u * u)


def cotangent_cubed(base):
    return on_cotangent(base, "cotangent cubed", "cotangent_nonlinear", lambda u: u**3)


def cotangent_absolute(base):
    return on_cotangent(base, "absolute cotangent", "cotangent_nonlinear", np.abs)


def cotangent_clipped(base):
    return on_cotangent(base, "cotangent clipped", "clipped", lambda u: np.clip(u, -0.5, 0.5))


def cotangent_ignored(base):
    return on_cotangent(base, "cotangent ignored", "cotangent_ignored", np.ones_like)


def cotangent_normalised(base):
    return on_cotangent(base, "cotangent normalised", "cotangent_nonlinear", lambda u: u / np.linalg.norm(u))


def one_sample(base, block):
    """Only the first sample reaches a parameter that all samples share."""

    def vjp(inputs, u):
        grads = list(base.vjp(inputs, u))
        first = np.zeros_like(u)
        first[0] = u[0]
        grads[block] = base.vjp(inputs, first)[block]
        return tuple(grads)

    return wrong(base, f"only the first sample reaches {base.names[block]}", "missing_sum", vjp)


def stale(base, block=None):
    """Pull back at another point: the first one that was ever seen; block: only this input is stale."""

    def vjp(inputs, u):
        old = base.draw(np.random.default_rng(2023))
        mixed = (
            old
            if block is None
            else tuple(o if i == block else x for i, (o, x) in enumerate(zip(old, inputs, strict=True)))
        )
        return base.vjp(mixed, u)

    return wrong(base, f"stale {'inputs' if block is None else base.names[block]}", "stale_cache", vjp)


def clipped(base, sigmas=1.0, block=0):
    def change(g, x):
        s = sigmas * np.sqrt(np.mean(g * g))
        return np.clip(g, -s, s)

    return edit(base, f"clipped at {sigmas:g} rms", "clipped", change, block)


def clipped_norm(base):
    """All gradients scaled down together to a length below their own."""

    def vjp(inputs, u):
        grads = base.vjp(inputs, u)
        n = np.sqrt(sum((g * g).sum() for g in grads if g is not None))
        return tuple(None if g is None else g * min(1.0, 1e-2 / n) for g in grads)

    return wrong(base, "norm clipped to 0.01", "clipped", vjp)


def lowered(base, kind=np.float32):
    """Compute the backward in a lower precision, hand it back in the right dtype."""

    def lower(a):
        return a.astype(kind) if isinstance(a, np.ndarray | np.floating) and a.dtype == np.float64 else a

    def vjp(inputs, u):
        us = tuple(lower(np.asarray(a)) for a in u) if isinstance(u, tuple) else lower(np.asarray(u))
        grads = base.vjp(tuple(map(lower, inputs)), us)
        return tuple(
            None if g is None else np.asarray(g).astype(kind).astype(x.dtype)
            for g, x in zip(grads, inputs, strict=True)
        )

    return wrong(base, f"{np.dtype(kind).name} inside", "low_precision", vjp)


def rounded(base, digits=4, block=0):
    def change(g, x):
        scale = 10.0 ** (digits - np.ceil(np.log10(np.abs(g).max())))
        return np.round(g * scale) / scale

    return edit(base, f"rounded to {digits} digits", "low_precision", change, block)


def decayed(base, block=0, r=0.01):
    """Leak a weight decay into the gradient: a term that does not come from the cotangent."""
    return edit(base, "weight decay leaked in", "extra_term", lambda g, x: g + r * x, block)
