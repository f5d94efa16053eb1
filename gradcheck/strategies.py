"""Hypothesis strategies: where to check, with what cotangent, at which shapes, in which small models.

Everything is drawn so that a failure reads well: short decimals, no two axes of a size, no batch of one; and so that
kinks at 0 and ties are avoided unless they are asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
from hypothesis import strategies as st

from gradcheck.errors import InputError
from gradcheck.point import Array, Point, differentiable
from gradcheck.target import Target
from gradcheck.tree import leaves, rebuild

__all__ = ["arrays", "chains", "cotangents", "points", "shapes", "short_decimals"]

_SIZES = (2, 3, 5, 7)


def short_decimals(low: float = -3.0, high: float = 3.0, *, digits: int = 2) -> st.SearchStrategy[float]:
    """Draw decimals of few digits: exact to read, and easy to type again.

    Args:
        low: least value.
        high: greatest value.
        digits: after the point.
    """
    scale = 10**digits
    least, most = int(np.ceil(low * scale - 1e-9)), int(np.floor(high * scale + 1e-9))
    if least > most:
        raise InputError(f"Expected a decimal of {digits} digits between low and high but got low={low}, high={high}")
    return st.integers(least, most).map(lambda i: i / scale)


def arrays(
    shape: tuple[int, ...],
    *,
    low: float = -3.0,
    high: float = 3.0,
    digits: int = 2,
    width: int = 64,
    away_from_kinks: bool = True,
) -> st.SearchStrategy[Array]:
    """Draw arrays of short decimals.

    Args:
        shape: of the array.
        low: least value.
        high: greatest value.
        digits: after the point; more are used where so many different values do not exist.
        width: 64, 32 or 16 bits a number.
        away_from_kinks: no zeros and no two equal sizes, so that relu, abs, max and sorting are smooth there.
    Returns:
        (shape) float64, float32 or float16 arrays.
    """
    if width not in (16, 32, 64):
        raise InputError(f"Expected width to be 16, 32 or 64 but got width={width!r}")
    size = prod(shape)
    if away_from_kinks:
        while (high - low) * 10**digits < 8 * size:
            digits += 1
    numbers = short_decimals(low, high, digits=digits)
    if away_from_kinks:
        drawn = st.lists(numbers.filter(bool), min_size=size, max_size=size, unique_by=abs)
    else:
        drawn = st.lists(numbers, min_size=size, max_size=size)
    return drawn.map(lambda values: np.array(values, dtype=f"f{width // 8}").reshape(shape))


def points(
    target: Target, *, width: int | None = None, digits: int = 2, away_from_kinks: bool = True
) -> st.SearchStrategy[Target]:
    """Draw the same target at other points: inputs of the same shapes, from the range that its own point spans.

    Args:
        target: inputs inside (0, 1) stay there, positive ones stay positive, others lie in ±(twice the largest);
            integers, flags and other constants stay as they are.
        width: 64, 32 or 16 bits a number; None for the target's own.
        digits: after the point.
        away_from_kinks: see `arrays`.
    """
    drawn = []
    for name, value in zip(target.point.names, target.point.values, strict=True):
        moves = differentiable(value) and np.ndim(value) > 0 and value.dtype.kind == "f"
        if not moves or (target.wrt is not None and name not in target.wrt):
            drawn.append(st.just(value))
            continue
        low, high = _range(value)
        bits = value.dtype.itemsize * 8 if width is None else width
        drawn.append(
            arrays(value.shape, low=low, high=high, digits=digits, width=bits, away_from_kinks=away_from_kinks)
        )
    return st.tuples(*drawn).map(lambda values: replace(target, point=Point(target.point.names, values)))


def _range(value: Array) -> tuple[float, float]:
    if np.all((value > 0) & (value < 1)):
        return 0.05, 0.95
    most = float(np.round(2 * np.max(np.abs(value)), 1)) or 1.0
    return (most / 20, most) if np.all(value > 0) else (-most, most)


def cotangents(target: Target, *, digits: int = 2) -> st.SearchStrategy[Any]:
    """Draw cotangents in the structure of the target's outputs, at its own point.

    Args:
        target: its forward is run once.
        digits: after the point.
    """
    outputs = target.forward(*target.point.copies())
    drawn = []
    for _, leaf in leaves(outputs):
        array = np.asarray(leaf)
        if array.dtype.kind != "f":
            drawn.append(st.just(np.zeros(array.shape)))
            continue
        drawn.append(arrays(array.shape, low=-1.5, high=1.5, digits=digits, width=array.dtype.itemsize * 8))

    def placed(parts: tuple[Array, ...]) -> Any:
        rest = iter(parts)
        return rebuild(outputs, lambda leaf: next(rest) if np.ndim(leaf) else next(rest)[()])

    return st.tuples(*drawn).map(placed)


def shapes(
    ndim: int = 2, *, sizes: Sequence[int] = _SIZES, last: int | None = None
) -> st.SearchStrategy[tuple[int, ...]]:
    """Draw shapes without two equal axes and without an axis of one, so that no transposition goes unseen.

    Args:
        ndim: number of axes.
        sizes: to choose from.
        last: size of the last axis, for a layer that demands one.
    """
    free = [size for size in dict.fromkeys(sizes) if size != last]
    due = ndim if last is None else ndim - 1
    if not 0 <= due <= len(free):
        raise InputError(f"Expected at least {due} different sizes for ndim={ndim} but got sizes={tuple(sizes)}")
    tail = () if last is None else (last,)
    return st.permutations(free).map(lambda order: (*order[:due], *tail))


def chains(
    makers: Sequence[Callable[[int, int], Any]], *, max_layers: int = 4, loss: Any = None, batch: int = 4
) -> st.SearchStrategy[list[Target]]:
    """Draw whole small models, layer by layer and end to end: what `adapt.layers` makes of a random chain.

    Args:
        makers: (n_in, n_out) -> a layer of the protocol, or None where it has no such layer (an activation where
            n_in != n_out).
        max_layers: at most so many.
        loss: a loss for the end, called loss(y, y_hat).
        batch: number of rows.
    """

    @st.composite
    def draw_chain(draw: st.DrawFn) -> list[Target]:
        from gradcheck.adapt import layers as adapt_layers

        count = draw(st.integers(1, max_layers))
        sizes = [draw(st.sampled_from(_SIZES))]
        layers: list[Any] = []
        for _ in range(count):
            n_out = draw(st.sampled_from(_SIZES))
            made = [made for make in makers if (made := make(sizes[-1], n_out)) is not None]
            if not made:
                continue
            layers.append(draw(st.sampled_from(made)))
            sizes.append(n_out)
        if not layers:
            first = next(iter(makers))
            layers, sizes = [first(2, 3)], [2, 3]
        rng = np.random.default_rng(draw(st.integers(0, 2**16)))
        params = [{k: v + 0.1 * rng.normal(size=v.shape) for k, v in layer.init(rng).items()} for layer in layers]
        x = draw(arrays((batch, sizes[0])))
        y = draw(arrays((batch, sizes[-1]))) if loss is not None else None
        name = "→".join(str(n) for n in sizes)
        return adapt_layers(layers, params, x, loss=loss, y=y, name=f"chain {name}")

    return draw_chain()
