"""One block of one target: directions, lines and measurements, with the noise learnt on the way."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isfinite
from typing import Any

import numpy as np

from gradcheck.checks.precision import Stage
from gradcheck.checks.trial import Trial
from gradcheck.compare import Comparison, Verdict, compare
from gradcheck.estimate import Estimate
from gradcheck.point import Array
from gradcheck.probes.ladder import measure
from gradcheck.probes.line import Line

__all__ = ["Probe", "Prober"]

_CLAIM_ULPS = 64  # rounding of a claim of ordinary condition; what exceeds it is measured


@dataclass(frozen=True, slots=True)
class Probe:
    """One measured direction: which cotangent and direction, what was measured, what follows."""

    number: int
    v: Array
    estimate: Estimate
    comparison: Comparison

    @property
    def verdict(self) -> Verdict:
        """What the comparison says, DISAGREES still provisional."""
        return self.comparison.verdict


class Prober:
    """Measures directional derivatives with respect to one block.

    Args:
        trial: the target at its own precision; its gradients are the claims.
        stage: where the function is evaluated.
        name: the block.
    """

    def __init__(self, trial: Trial, stage: Stage, name: str) -> None:
        self.trial, self.stage, self.name = trial, stage, name
        self.x = stage.trial.value(name)
        self.evaluate = stage.trial.evaluator(name)
        self.y0 = stage.trial.y0
        self.whole: dict[int, float] = {}
        size = float(np.sqrt(np.mean(np.abs(self.x.astype(_wide(self.x))) ** 2)))
        self.scale = size if size > 0 and isfinite(size) else 1.0
        settings = trial.settings
        self.tolerance = trial.target.tolerance if settings.tolerance is None else settings.tolerance
        self.resolution = settings.resolution or stage.resolution

    @property
    def evaluations(self) -> int:
        """Forward evaluations so far, of the trial and of its shadow."""
        return self.trial.evaluations + (self.stage.trial.evaluations if self.stage.lifted else 0)

    def claim(self, number: int) -> Array:
        """Return the claimed gradient for the `number`-th cotangent, widened."""
        gradient = self.trial.gradients(number)[self.name]
        return np.asarray(gradient.astype(_wide(self.x), copy=False))

    def cotangent(self, number: int) -> Array:
        """Return the flat cotangent that the claim was made for."""
        return self.trial.flat_cotangent(number)

    def direction(self, number: int, *, relative: bool = False) -> Array:
        """Return a banded random direction: ±(0.5 … 1.5) times the block's RMS, or times each entry's own size.

        A single wrong entry cannot hide from a banded direction, nor a pair of opposite ones from several.
        """
        rng = self.trial.rng("direction", self.name, number, relative)
        v = rng.choice([-1.0, 1.0], self.x.shape) * rng.uniform(0.5, 1.5, self.x.shape)
        if self.x.dtype.kind == "c":
            v = v * np.exp(1j * rng.uniform(0, 2 * np.pi, self.x.shape))
        if not relative:
            return np.asarray(v * self.scale)
        sizes = np.abs(self.x.astype(_wide(self.x)))
        least = float(np.min(sizes[sizes > 0], initial=self.scale))
        return np.asarray(v * np.where(sizes > 0, sizes, least) / 1.5)

    def line(self, number: int, v: Array) -> Line:
        """Return the function along v, against the `number`-th claim."""
        return Line(self.evaluate, self.x, v, self.cotangent(number), self.y0, self.claim(number), self.stage.eps)

    def probe(self, number: int, v: Array, *, attempt: int = 0, full: bool = False, reference: float = 0.0) -> Probe:
        """Measure along v with the `number`-th cotangent and judge the claim.

        Args:
            number: which cotangent.
            v: direction, in the unit of the block.
            attempt: draws other steps.
            full: learn the noise anew instead of using what earlier probes learnt.
            reference: what resolutions are relative to, if larger than ‖g ∘ v‖₂.
        """
        line = self.line(number, v)
        kappa = None if full else self.trial.kappa.get(self.name)
        estimate = measure(line, self.trial.rng("steps", self.name, number, attempt, float(v.flat[0].real)), kappa=kappa)
        if kappa is None and isfinite(estimate.error):
            floor = line.floor()
            if floor > 0:
                learnt = estimate.noise / floor
                self.trial.kappa[self.name] = max(self.trial.kappa.get(self.name, 1.0), learnt)
        return Probe(number, v, estimate, self.judge(estimate, number, reference))

    def judge(self, estimate: Estimate, number: int, reference: float = 0.0, rounding: float | None = None) -> Comparison:
        """Compare an estimate with its claim at the precision of the claim."""
        if rounding is None:
            rounding = _CLAIM_ULPS * self.stage.claim_eps * max(estimate.scale, reference)
        if number not in self.whole:
            self.whole[number] = float(np.linalg.norm(self.cotangent(number) * self.y0))
        judged = estimate if estimate.scale >= reference else replace(estimate, scale=reference)
        return compare(
            judged, rounding=rounding, resolution=self.resolution, tolerance=self.tolerance, whole=self.whole[number]
        )

    def spread(self, number: int, v: Array) -> float:
        """Return how far ⟨g, v⟩ moves when inputs move by their own rounding: the claim's real rounding.

        An ill-conditioned backward cannot be better than this however well it is written.
        """
        rng = self.trial.rng("spread", self.name, number)
        base = float(np.vdot(self.claim(number), v).real)
        largest = 0.0
        for _ in range(3):
            values: list[Any] = []
            for value in self.trial.values:
                if isinstance(value, np.ndarray) and value.dtype.kind in "fc":
                    eps = max(float(np.finfo(value.dtype).eps), self.stage.claim_eps)
                    value = (value * (1 + eps * rng.choice([-1.0, 0.0, 1.0], value.shape))).astype(value.dtype)
                values.append(value)
            try:
                _, pullback = self.trial.target.linearize(*values)
                gradient = self.trial.read(pullback(self.trial.cotangent(number)))[self.name]
                moved = float(np.vdot(gradient.astype(_wide(self.x)), v).real)
            except Exception:  # a neighbour may lie outside the domain; it then tells nothing
                continue
            if isfinite(moved):
                largest = max(largest, abs(moved - base))
        return largest

    def confirm(self, probe: Probe) -> Probe | None:
        """Return a DISAGREES that an independent probe confirms, or None.

        Other steps on the same line must see the same gap, the claim's measured rounding must not explain
        it, and another direction with another cotangent, or the same one entry by entry, must see a gap too.
        """
        first = probe
        second = self.probe(first.number, first.v, attempt=1, full=True)
        rounding = _CLAIM_ULPS * self.stage.claim_eps * first.estimate.scale + 8 * self.spread(first.number, first.v)
        a, b = self.judge(first.estimate, first.number, 0.0, rounding), self.judge(second.estimate, second.number, 0.0, rounding)
        agree = abs(a.gap - b.gap) <= first.estimate.error + second.estimate.error + rounding
        if not (a.verdict is b.verdict is Verdict.DISAGREES and agree and a.gap * b.gap > 0):
            return None
        better = first if first.estimate.error <= second.estimate.error else second
        return replace(better, comparison=self.judge(better.estimate, better.number, 0.0, rounding))


def _wide(x: Array) -> type[np.complex128] | type[np.float64]:
    return np.complex128 if x.dtype.kind == "c" else np.float64


