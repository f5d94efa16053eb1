"""A block taken apart: its claimed and its measured Jacobian, at the point and at points nearby.

One gradient for one random cotangent mixes all outputs. For a block of moderate size the whole measured Jacobian costs
four forward evaluations an entry, and the claimed one a pullback for each output; with both in hand every hypothesis
is a comparison of two matrices, for all cotangents at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradcheck.point import Array

__all__ = ["Anatomy", "Subject", "derivatives_at", "dissect", "moved"]

_STEPS = ((3.1e-4, 1.1e-4), (1.3e-5, 4.7e-6))  # two central differences a try; the second for kinks nearby
_ENOUGH = 1e-7  # relative error of a column that asks for no second try


@dataclass(frozen=True)
class Subject:
    """A target as the diagnosis sees it: flat outputs, and cotangents that are flat too.

    Args:
        names: of the inputs.
        values: inputs, float64 wherever the function bears it.
        blocks: inputs whose gradients are claimed.
        evaluate: values -> (n,) outputs, None where the function cannot be evaluated.
        pull: (values, list of (n,) cotangents) -> one {input: gradient} each, all from one forward; None if it fails.
        output: shape of the output, None where there are several.
        eps: spacing of the numbers that the claims are computed in.
        name: of the target.
        rng: purpose -> generator.
        leaves: (name, size) of each output, where there are several.
    """

    names: tuple[str, ...]
    values: tuple[Any, ...]
    blocks: tuple[str, ...]
    evaluate: Callable[[Sequence[Any]], Array | None]
    pull: Callable[[Sequence[Any], Sequence[Array]], list[Mapping[str, Any]] | None]
    output: tuple[int, ...] | None
    eps: float
    name: str
    rng: Callable[..., np.random.Generator]
    leaves: tuple[tuple[str, int], ...] = ()

    def index(self, name: str) -> int:
        """Return the position of an input."""
        return self.names.index(name)


@dataclass(frozen=True)
class Anatomy:
    """One block at one point.

    Args:
        name: of the block.
        values: all inputs at this point.
        y: (n,) outputs.
        shape: of the block.
        output: shape of the output, None where there are several.
        rows: (r,) outputs that cotangents were put on, one at a time.
        columns: (c,) flat entries of the block that were measured.
        everything: (r, size) claimed gradient for each row's cotangent, all entries.
        jacobian: (n, c) measured derivatives of all outputs.
        bars: (n, c) their estimated errors.
        tolerance: relative residual that the claims' own precision excuses.
    """

    name: str
    values: tuple[Any, ...]
    y: Array
    shape: tuple[int, ...]
    output: tuple[int, ...] | None
    rows: Array
    columns: Array
    everything: Array
    jacobian: Array
    bars: Array
    tolerance: float
    names: tuple[str, ...] = field(default=())

    @property
    def claimed(self) -> Array:
        """(r, c) what is claimed of the measured entries."""
        return np.asarray(self.everything[:, self.columns])

    @property
    def measured(self) -> Array:
        """(r, c) what was measured for the rows that cotangents were put on."""
        return np.asarray(self.jacobian[self.rows])

    @property
    def error(self) -> Array:
        """(r, c) estimated errors of `measured`."""
        return np.asarray(self.bars[self.rows])

    @property
    def noise(self) -> Array:
        """(c,) estimated error of each measured entry relative to its size; infinite where it has no derivative."""
        size = np.linalg.norm(self.measured, axis=0)
        bars = np.linalg.norm(self.error, axis=0)
        return np.asarray(np.divide(bars, size, out=np.full(size.shape, np.inf), where=size > 0))

    @property
    def complete(self) -> bool:
        """Whether every entry was measured and every output had its cotangent."""
        return bool(self.columns.size == np.prod(self.shape, dtype=int) and self.rows.size == self.y.size)

    @property
    def block(self) -> Array:
        """The block's own values."""
        return np.asarray(self.values[self.names.index(self.name)], dtype=float)


def dissect(
    subject: Subject,
    name: str,
    values: Sequence[Any],
    *,
    columns: Sequence[int] | None = None,
    most_rows: int = 160,
) -> Anatomy | None:
    """Return the anatomy of a block at a point, None where too little of it can be measured.

    Args:
        subject: the target.
        name: the block.
        values: all inputs.
        columns: flat entries to measure; None for all.
        most_rows: outputs that get a cotangent of their own; of more a random choice.
    Error: two central differences extrapolated, at two pairs of steps; each derivative keeps the smaller of
        the two differences between its levels, plus rounding, as its bar. Good to about 1e-10.
    """
    place = subject.index(name)
    x = np.asarray(values[place])
    y = subject.evaluate(values)
    if y is None or not np.all(np.isfinite(y)) or y.dtype.kind == "c" or x.dtype.kind != "f":
        return None
    rows = np.arange(y.size)
    if y.size > most_rows:
        rows = np.sort(subject.rng("rows", name).choice(y.size, most_rows, replace=False))
    units = np.zeros((rows.size, y.size))
    units[np.arange(rows.size), rows] = 1.0
    answers = subject.pull(values, list(units))
    if answers is None or any(a.get(name) is None or np.shape(a[name]) != x.shape for a in answers):
        return None
    everything = np.stack([np.asarray(a[name], dtype=float).ravel() for a in answers])
    found = derivatives_at(subject, name, values, np.arange(x.size) if columns is None else columns, y)
    if found is None or not np.all(np.isfinite(everything)):
        return None
    jacobian, bars, kept = found
    return Anatomy(
        name=name,
        values=tuple(values),
        y=y,
        shape=x.shape,
        output=subject.output,
        rows=rows,
        columns=kept,
        everything=everything,
        jacobian=jacobian,
        bars=bars,
        tolerance=max(1e-7, 300 * subject.eps),
        names=subject.names,
    )


def derivatives_at(
    subject: Subject, name: str, values: Sequence[Any], columns: Sequence[int] | Array, y: Array | None = None
) -> tuple[Array, Array, Array] | None:
    """Return what is measured of a block, whatever is claimed: (n, c) derivatives, (n, c) errors, (c,) columns.

    Entries whose derivative cannot be measured are left out; None where they are more than a fifth.
    """
    place = subject.index(name)
    x = np.asarray(values[place])
    y = subject.evaluate(values) if y is None else y
    if y is None or not np.all(np.isfinite(y)):
        return None
    wanted = np.asarray(sorted({int(c) for c in columns}), dtype=int)
    slopes, bars, kept = [], [], []
    typical = float(np.sqrt(np.mean(x**2))) or 1.0
    one_signed = bool(np.all(x > 0) or np.all(x < 0))
    for flat in wanted:
        own = abs(float(x.flat[flat]))
        size = own if one_signed and own > 0 else max(own, 0.3 * typical)
        column = _column(subject, list(values), place, int(flat), size, y)
        if column is not None:
            slopes.append(column[0])
            bars.append(column[1])
            kept.append(int(flat))
    if len(kept) < max(1, 0.8 * wanted.size):
        return None
    return np.stack(slopes, axis=1), np.stack(bars, axis=1), np.asarray(kept, dtype=int)


def _column(
    subject: Subject, values: list[Any], place: int, flat: int, size: float, y: Array
) -> tuple[Array, Array] | None:
    """Return (n,) derivatives of all outputs by one entry, and their errors."""
    x = np.asarray(values[place], dtype=float)
    best: tuple[Array, Array] | None = None
    for steps in _STEPS:
        levels = []
        for step in steps:
            ends = []
            for sign in (1.0, -1.0):
                moved_ = x.copy()
                moved_.flat[flat] = x.flat[flat] + sign * step * size
                ends.append((subject.evaluate([*values[:place], moved_, *values[place + 1 :]]), moved_.flat[flat]))
            (up, right), (down, left) = ends
            if up is None or down is None or up.shape != y.shape or down.shape != y.shape:
                break
            levels.append((up - down) / (right - left))
        if len(levels) < 2 or not (np.all(np.isfinite(levels[0])) and np.all(np.isfinite(levels[1]))):
            continue
        ratio = (steps[0] / steps[1]) ** 2
        slope = (ratio * levels[1] - levels[0]) / (ratio - 1)
        # extrapolation leaves the square of the step smaller still; a kink within the step is not forgiven
        bar = 1e-3 * np.abs(levels[1] - levels[0]) + 4e-16 * np.abs(y) / (steps[1] * size)
        kinked = np.abs(levels[1] - levels[0]) > 1e-3 * (np.abs(slope) + 1e-300)
        bar = np.where(kinked, np.abs(levels[1] - levels[0]), bar)
        if best is None:
            best = slope, bar
        else:
            closer = bar < best[1]
            best = np.where(closer, slope, best[0]), np.where(closer, bar, best[1])
        if float(np.linalg.norm(best[1])) <= _ENOUGH * float(np.linalg.norm(best[0])) or not np.any(best[0]):
            break
    return best


def moved(subject: Subject, number: int) -> list[Any] | None:
    """Return another point of the same kind: claimed blocks jittered (odd numbers) or reordered and jittered (even)."""
    rng = subject.rng("moved", number)
    values = list(subject.values)
    for name in subject.blocks:
        place = subject.index(name)
        x = np.asarray(values[place])
        if x.dtype.kind != "f":
            return None
        if number % 2 == 0 and x.size > 1:
            x = rng.permutation(x.ravel()).reshape(x.shape)
        if not np.any(x):  # a bias that begins at zero is no function of itself until it moves
            x = 0.3 * rng.uniform(0.5, 1.0, x.shape) * rng.choice([-1.0, 1.0], x.shape)
        values[place] = (x * (1 + 0.07 * rng.uniform(-1, 1, x.shape))).astype(x.dtype)
    y = subject.evaluate(values)
    return None if y is None or not np.all(np.isfinite(y)) else values
