"""Short ways to write rules: points to draw, elementwise tables, float32 twins."""

from __future__ import annotations

import inspect
from dataclasses import replace

import numpy as np

from .rule import Rule

quiet = np.errstate(all="ignore")  # a probe may step out of a domain: that is the checker's business, not a warning's


def normal(*shape, scale=1.0, mean=0.0):
    return lambda rng: mean + scale * rng.standard_normal(shape)


def uniform(low, high, *shape):
    return lambda rng: rng.uniform(low, high, shape)


def away(*shape, gap=0.1, scale=1.0, mean=0.0):
    """Normal, but no entry closer than gap to mean: kinks there stay out of reach."""

    def draw(rng):
        z = rng.standard_normal(shape)
        return mean + np.copysign(gap + scale * np.abs(z), z)

    return draw


def distinct(*shape, step=0.25):
    """No two entries closer than step/2, in random order, of both signs."""

    def draw(rng):
        n = int(np.prod(shape))
        ranks = rng.permutation(n) - n / 2 + rng.uniform(-0.25, 0.25, n)
        return (step * ranks + step / 2).reshape(shape)

    return draw


def scaled(low, high, *shape):
    """Both signs, magnitudes spread evenly in the logarithm between low and high."""

    def draw(rng):
        return rng.choice([-1.0, 1.0], shape) * 10 ** rng.uniform(np.log10(low), np.log10(high), shape)

    return draw


def positive(low, high, *shape):
    return lambda rng: np.abs(scaled(low, high, *shape)(rng))


def integers(low, high, *shape):
    return lambda rng: rng.integers(low, high, shape)


def fixed(value):
    """The same array at every draw; a fresh copy, for nobody may share it."""
    return lambda rng: np.array(value)


def rule(family, name, forward, pull, *draws, draw=None, names=None, note="", oracle=None, precision=1e-7) -> Rule:
    """Make a Rule of pull(cotangent, *inputs) -> gradient(s); each input from its own draw, or all from a joint one."""
    names = tuple(names or (k for k, p in inspect.signature(forward).parameters.items() if p.default is p.empty))
    point = draw or (lambda rng: tuple(np.asarray(d(rng)) for d in draws))

    def vjp(inputs, cotangent):
        grads = pull(cotangent, *inputs)
        return grads if isinstance(grads, tuple) else (grads,)

    return Rule(
        f"{family}: {name}",
        family,
        quiet(forward),
        quiet(vjp),
        point,
        names,
        note=note,
        oracle=oracle,
        precision=precision,
    )


def elementwise(family, name, f, df, *draws, **more) -> Rule:
    """Make a Rule of a scalar function and its derivative; the default point is (3, 5) normal numbers."""
    return rule(
        family,
        name,
        f,
        lambda u, x: np.asarray(u * df(x), dtype=x.dtype),
        *(draws or (normal(3, 5),)),
        names=("x",),
        **more,
    )


def in_float32(base: Rule, precision=1e-5) -> Rule:
    """Draw the same points in single precision; forward and backward are the very same code."""

    def draw(rng):
        return tuple(a.astype(np.float32) if a.dtype == np.float64 else a for a in base.draw(rng))

    return replace(base, name=f"{base.name}, float32", draw=draw, precision=max(precision, base.precision))


def moved(base: Rule, suffix: str, *draws, **more) -> Rule:
    """Try the same rule somewhere else."""
    return replace(
        base, name=f"{base.name}, {suffix}", draw=lambda rng: tuple(np.asarray(d(rng)) for d in draws), **more
    )


def unbroadcast(g, shape):
    """Sum g over the axes along which an operand of that shape was repeated."""
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    return g.sum(axis=tuple(i for i, n in enumerate(shape) if n == 1 and g.shape[i] != 1), keepdims=True)
