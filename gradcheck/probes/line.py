"""The restriction of a function to a line, evaluated in defect form.

    φ(t) = ⟨u, f(x + t v) − f(x)⟩        ψ(t) = φ(t) − ⟨g, d(t)⟩

d(t) is the displacement that rounding really left of t v, and g the claimed gradient, so that
ψ(t)/t → how wrong g is. Arrays are subtracted before they are summed: a difference of sums would
lose to cancellation what a sum of differences keeps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import frexp, hypot, inf, isfinite, ldexp, sqrt
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gradcheck.norms import LEAST, norm
from gradcheck.pieces import dot, extremes, moved, norm_along, pieces

__all__ = ["NOT_FINITE", "Line", "Sample"]

Array = npt.NDArray[Any]


class Sample(NamedTuple):
    """ψ, φ and ‖u ∘ (y − y₀)‖₂ at one t; `finite` is False where f raised or left the finite numbers."""

    psi: float
    raw: float
    size: float
    finite: bool = True


_AT_ONCE = 4096  # numbers of several moved points that are made together; beyond it that saves nothing
_LARGE = 4096  # entries from which a direction of few entries is worth its own way
NOT_FINITE = Sample(0.0, 0.0, 0.0, finite=False)


@dataclass(slots=True)
class Line:
    """t ↦ ψ(t) along `v` in one block of the inputs.

    Args:
        evaluate: block ↦ flat float64 or complex128 outputs, or None where f cannot be evaluated.
        x: the block at t = 0.
        v: direction, same shape as x, float64 (complex128 for a complex block; float32 does for a large one).
        u: flat cotangent, one weight an output.
        y0: flat outputs at t = 0.
        g: claimed gradient of ⟨u, f⟩, same shape as x; None claims nothing.
        eps: spacing of the numbers that f is evaluated in, which sets the steps and the noise floor.
        reach: largest |t| that is known to be harmless; no step is longer.

    `samples` are those seen so far, by t.
    """

    evaluate: Callable[[Array], Array | None]
    x: Array
    v: Array
    u: Array
    y0: Array
    g: Array | None
    eps: float
    reach: float = inf
    evaluations: int = 0
    quantum: float = 0.0
    _wide: Array = field(init=False)
    _weigh: Callable[[Array], Any] = field(init=False)
    _uy0: Array = field(init=False)
    _touched: npt.NDArray[np.bool_] = field(init=False)
    _stairs: list[tuple[float, float]] = field(init=False, default_factory=list)
    _few: Array | None = field(init=False, default=None)
    _scale: float | None = field(init=False, default=None)
    _magnitude: float = field(init=False, default=0.0)
    _magnitude_at: int = field(init=False, default=-1)
    samples: dict[float, Sample] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Widen the block once."""
        wide = np.float64 if self.v.dtype == np.float64 else np.result_type(self.v.dtype, np.float64)
        self._wide = self.x.astype(wide, copy=False)
        self._weigh = self.u.dot if self.u.dtype == self.y0.dtype == np.float64 else partial(_weighed, self.u)
        self._touched = np.zeros(self.y0.shape, dtype=bool)
        self._uy0 = self.u * self.y0
        if self.x.size >= _LARGE and self.x.flags.c_contiguous:
            few = np.count_nonzero(self.v) <= self.x.size // 8
            self._few = np.flatnonzero(self.v) if few else None

    @property
    def spacing(self) -> float:
        """The spacing that steps are chosen for: in extended precision that of float64, and less of them is lost."""
        return max(self.eps, 2.0**-52)

    @property
    def claimed(self) -> float:
        """⟨g, v⟩: the slope that the claim predicts."""
        return 0.0 if self.g is None else dot(self.g, self.v)

    @property
    def scale(self) -> float:
        """‖g ∘ v‖₂: the size of ⟨g, v⟩ without the luck of cancellation."""
        if self._scale is None:
            self._scale = 0.0 if self.g is None else norm_along(self.g, self.v)
        return self._scale

    @property
    def magnitude(self) -> float:
        """‖u ∘ y‖₂ over the outputs that have moved so far: what the rounding of φ is relative to."""
        if self._magnitude_at != self.evaluations:
            self._magnitude_at = self.evaluations
            self._magnitude = norm(self._uy0[self._touched])
        return self._magnitude

    @property
    def moves(self) -> npt.NDArray[np.bool_]:
        """(n,) Which outputs have moved so far."""
        return self._touched

    @property
    def whole_magnitude(self) -> float:
        """‖u ∘ y‖₂ over all outputs."""
        return norm(self._uy0)

    @property
    def inside(self) -> float:
        """Some spacings of φ as if one, or the largest input, had been met inside and taken away again."""
        most = max(1.0, extremes(self._wide)[1])
        return 8 * self.eps * hypot(most * norm(self.u), self.whole_magnitude)

    @property
    def largest(self) -> float:
        """Greatest ‖u ∘ (y − y₀)‖₂ seen so far."""
        return max((sample.size for sample in self.samples.values() if sample.finite), default=0.0)

    @property
    def secant(self) -> float:
        """Greatest |φ(t)/t| seen so far."""
        return max([abs(sample.raw / t) for t, sample in self.samples.items() if t and sample.finite], default=0.0)

    def unseen(self, loudest: float = 1.0, gap: float = 0.0, unit: float = 1.0) -> float:
        """Return the bar for outputs that stood still on this line and move on longer steps.

        Args:
            loudest: noise over its floor that the function shows on other lines: where it steps by 1e8 spacings,
                a step that left it as it was says no more than that.
            gap: what the bar is asked for; where it is far larger than any, no longer steps are taken.
            unit: t at which v is as long as the block is large.

        An output of size 1 that changes by 1e-20 does not change at all in floating point; how much it may have
        lost is known only from its spacing and the longest step. An output of zero may be log(1 + 1e-20), and then it
        is one that it is rounded to. What no step moves does not depend on the block.
        """
        longest = max((abs(t) for t, sample in self.samples.items() if sample.finite), default=0.0)
        still = ~self._touched

        def lost(outputs: Array) -> float:
            met = max(1.0, extremes(self._wide)[1])  # inside, and taken away again
            rounded = 5.0 * self.eps * loudest * norm(self._uy0[outputs])
            return (rounded + 8 * self.eps * met * norm(self.u[outputs])) / longest

        if longest == 0.0 or not still.any():
            return 0.0
        if abs(gap) > 10 * lost(still):
            return lost(still)
        moves = np.zeros_like(still)
        for t in sorted({min(longer, 0.9 * self.reach) for longer in (unit, 30 * unit, 1e3 * unit, 1e5 * unit)}):
            for signed in (t, -t):
                y = self.evaluate(self._there(signed))
                self.evaluations += 1
                if y is not None:
                    moves |= still & (y != self.y0)
        return lost(moves)

    def hidden(self, reach: float) -> float:
        """Return the slope that outputs may hide which stand still up to `reach` and move on longer steps.

        log(1 + exp(x)) at −40 is zero, and steps to 2e-16 some way off: its slope here is not known any better.
        """
        if not self._stairs:
            return 0.0
        return hypot(*(min(size, self.inside) / rest for rest, size in self._stairs if rest >= reach))

    def floor(self, reach: float = inf) -> float:
        """Return the least standard deviation of φ's noise for |t| ≤ reach: half a spacing of its outputs."""
        change = longest = 0.0
        for t, (_, _, size, _) in self.samples.items():
            if -reach <= t <= reach:
                if size > change:
                    change = size
                if (t := abs(t)) > longest:
                    longest = t
        predicted = 2.0**-53 * self.scale * longest  # ⟨g, d⟩ is rounded too, and a wrong g may be huge
        return max(0.5 * self.eps * hypot(self.magnitude, change), 0.5 * self.quantum, predicted)

    def __call__(self, t: float) -> Sample:
        """Evaluate at t; asked twice for the same t, f is called once."""
        sample = self.samples.get(t)
        if sample is None:
            sample = self.samples[t] = self._sample(t)
        return sample

    def seen(self, t: float) -> Sample | None:
        """Return what is known at t, without evaluating."""
        return self.samples.get(t)

    def sweep(self, steps: Sequence[float]) -> None:
        """Evaluate at ±t for several steps, the shortest first; a side that leaves the finite numbers ends there."""
        count, x = 2 * len(steps), self.x
        plain = x.dtype == self.v.dtype == np.float64 and x.ndim > 0 and x.flags.c_contiguous
        if not plain or not 0 < count * x.size <= _AT_ONCE or self.samples:
            sides = [1, -1]
            for t in steps:
                sides = [side for side in sides if self(side * t).finite]
            return
        times = [side * t for t in steps for side in (1, -1)]
        there = x + np.multiply.outer(times, self.v)
        predicted = [0.0] * count
        if self.g is not None:
            predicted = ((there - x).reshape(count, -1) @ self.g.ravel()).tolist()
        ended: set[bool] = set()
        met: list[tuple[float, float, float]] = []  # t, φ and what is predicted of it
        changes: list[Array] = []
        evaluate, weigh, y0 = self.evaluate, self._weigh, self.y0
        for t, point, due in zip(times, there, predicted, strict=True):
            if (t > 0) in ended:
                continue
            y = evaluate(point.copy())
            self.evaluations += 1
            if y is not None:
                change = y - y0
                raw = float(weigh(change))
                if isfinite(raw):
                    met.append((t, raw, due))
                    changes.append(change)
                    continue
            self.samples[t] = NOT_FINITE
            ended.add(t > 0)
        if met:
            self._take(met, np.array(changes))

    def _take(self, met: Sequence[tuple[float, float, float]], changes: Array) -> None:
        """Keep what a sweep met: (k, n) changes of the outputs, in its order."""
        samples = self.samples
        for (t, raw, due), size in zip(met, _norms(changes * self.u), strict=True):
            samples[t] = Sample(raw - due, raw, size)
        if np.count_nonzero(changes) == changes.size:  # on every step, the shortest too
            self._touched[:] = True
        else:
            moves = changes != 0
            self._touched |= moves[0]
            if len(met) > 1 and met[1][0] == -met[0][0]:
                self._touched |= moves[1]
            for (t, _, _), change, moving in zip(met, changes, moves, strict=True):
                self._touch(t, change, moving)
        if changes.shape[1] == 1:
            for (_, raw, _), change in zip(met, np.abs(changes[:, 0]).tolist(), strict=True):
                if raw != 0.0:
                    self._see_quantum(change * float(abs(self.u[0])), change)

    def _touch(self, t: float, change: Array, moves: npt.NDArray[np.bool_]) -> None:
        """Keep which outputs move at t; of those that shorter steps left as they were, by how much."""
        late = moves > self._touched
        if np.count_nonzero(late):
            rest = max((abs(s) for s in self.samples if 0 < abs(s) < abs(t)), default=0.0)
            if rest:
                self._stairs.append((rest, norm((change * self.u)[late])))
            self._touched |= moves

    def _sample(self, t: float) -> Sample:
        return self._answer(t, *self._move(t))

    def _answer(self, t: float, there: Array, predicted: float) -> Sample:
        y = self.evaluate(there)
        self.evaluations += 1
        if y is None:
            return NOT_FINITE
        change = y - self.y0
        raw = float(self._weigh(change))
        if not isfinite(raw):
            return NOT_FINITE
        self._touch(t, change, change != 0)
        if change.size == 1 and raw != 0.0:
            self._see_quantum(float(abs(change[0])) * float(abs(self.u[0])), float(abs(change[0])))
        change *= self.u
        return Sample(raw - predicted, raw, norm(change))

    def _move(self, t: float) -> tuple[Array, float]:
        """Return x + t v as rounding leaves it, and ⟨g, d⟩ for the displacement d that it really makes."""
        if self._few is None:
            there = self._there(t)
            if self.g is None:
                return there, 0.0
            return there, sum(float(np.vdot(g, b - a).real) for g, a, b in pieces(self.g, self._wide, there))
        few, there = self._few, self.x.copy()  # a part of a large block: the rest stays as it is
        flat, start = there.reshape(-1), self._wide.reshape(-1)[few]
        step = self.v.reshape(-1)[few].astype(start.dtype, copy=False)  # t times float32 would be float32
        flat[few] = (start + t * step).astype(self.x.dtype, copy=False)
        if self.g is None:
            return there, 0.0
        return there, float(np.vdot(self.g.reshape(-1)[few], flat[few] - start).real)

    def _there(self, t: float) -> Array:
        if self.x.dtype == np.longdouble:  # from what the displacement is taken from
            return moved(self._wide, self.v, t).astype(self.x.dtype, copy=False)
        return moved(self.x, self.v, t)

    def _see_quantum(self, weighted: float, change: float) -> None:
        """Keep the lowest set bit among the scalar output's changes: it catches staircases."""
        mantissa, exponent = frexp(change)
        whole = int(mantissa * (1 << 53))
        lowest = ldexp(float(whole & -whole), exponent - 53) * (weighted / change)
        self.quantum = lowest if self.quantum == 0.0 else min(self.quantum, lowest)


def _weighed(u: Array, change: Array) -> float:
    return float(np.vdot(u, change).real)


def _norms(rows: Array) -> list[float]:
    """Return ‖row‖₂ of each, as `norm` does."""
    if rows.dtype == np.float64:
        squares: list[float] = np.add.reduce(rows * rows, axis=1).tolist()
        if LEAST < min(squares) <= max(squares) < inf:
            return [sqrt(square) for square in squares]
    return [norm(row) for row in rows]


def rms(*values: float) -> float:
    """Root of the mean square."""
    return hypot(*values) / sqrt(len(values)) if values else 0.0
