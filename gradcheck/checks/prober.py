"""One block of one target: directions, lines and measurements, with the noise learnt on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import hypot, inf, isfinite, sqrt

import numpy as np

from gradcheck.checks.beside import widened
from gradcheck.checks.doubt import spread, trembling
from gradcheck.checks.extended import EXTENDED, extended_trial
from gradcheck.checks.precision import Stage
from gradcheck.checks.trial import Trial
from gradcheck.compare import Comparison, Verdict, compare
from gradcheck.estimate import Estimate
from gradcheck.norms import norm
from gradcheck.pieces import banded, extremes, is_large, norm_along, pieces
from gradcheck.point import Array
from gradcheck.probes.complexstep import complex_slope
from gradcheck.probes.ladder import measure
from gradcheck.probes.line import Line
from gradcheck.streams import off_zero
from gradcheck.tree import rebuild

__all__ = ["Probe", "Prober"]

_CLAIM_ULPS = 64  # rounding of a claim of ordinary condition; what exceeds it is measured
_ORDINARY = 100.0  # noise over its floor that is taken for rounding without confirmation
_FINE = 1e-12  # spacings below are those of float64
_COARSE = 2.0**-10  # spacing of float16; outputs that are rounded so are measured more than once
_REPEATED = 8
_APPROXIMATED = 1e-2  # of the resolution: a short series, or a constant of nine digits, is no mistake
_INEXACT = 300.0  # gap per unit of t that a forward with jumps of size 1 may show: it errs by n ρⁿ⁻¹, not by ρⁿ


@dataclass(frozen=True, slots=True)
class Probe:
    """One measured direction: which cotangent and direction, what was measured, what follows.

    Args:
        number: which cotangent.
        v: direction, in the unit of the block.
        line: what was measured along.
        reference: what resolutions are relative to, if larger than ‖g ∘ v‖₂.
        size: what the rounding of the claim is relative to: ‖g ∘ v‖₂, or that of an ordinary cotangent.
        estimate: the measurement.
        comparison: what follows from it.
        doubted: whether a gap was seen that the bar and ordinary rounding do not cover, whatever explained it.
        repeats: of how many measurements it is the mean.
    """

    number: int
    v: Array
    line: Line
    reference: float
    size: float
    estimate: Estimate
    comparison: Comparison
    doubted: bool = False
    repeats: int = 1

    @property
    def verdict(self) -> Verdict:
        """What the comparison says, DISAGREES still provisional."""
        return self.comparison.verdict

    @property
    def along(self) -> tuple[int, Array]:
        """Which cotangent and direction."""
        return self.number, self.v

    def told(self) -> Probe:
        """Return the probe without its arrays: what a report needs, and nothing that is as large as the block."""
        nothing = np.zeros(0)
        line = Line(self.line.evaluate, nothing, nothing, nothing, nothing, None, self.line.eps)
        return replace(self, v=nothing, line=line)


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
        self.sizes: list[tuple[float, float]] | None = None  # of the first two claims, greatest entry and norm
        self.claims: dict[int, Array] = {}  # by cotangent, those that are not large
        self.met: dict[int, tuple[bool, Array | None]] = {}  # by cotangent, what `ties.around` found
        self.few: dict[int, list[Array]] = {}  # by cotangent, claims at a few points beside this one
        self.watched: list[int] = []  # flat places of a large block, of which claims at other points are asked at once
        self.gathered: dict[tuple[str, int], tuple[Array, list[Array]]] = {}
        size = norm(self.x.astype(_wide(self.x), copy=False)) / sqrt(self.x.size)
        self.scale = size if size > 0 and isfinite(size) else 1.0
        # all of one sign: positive numbers, probabilities, variances. Steps then keep the sign, because a
        # function may do anything at all beyond it, even never return
        signed = self.x.dtype.kind == "f" and bool(self.x.min() > 0 or self.x.max() < 0)
        self.one_signed = signed and self.scale > 1e-6  # smaller numbers are not sized by what is done with them
        settings = trial.settings
        self.tolerance = trial.target.tolerance if settings.tolerance is None else settings.tolerance
        self.resolution = settings.resolution or stage.resolution

    @property
    def evaluations(self) -> int:
        """Forward evaluations so far, of the trial and of its shadows in wider numbers."""
        asked = {id(trial): trial for trial in (self.trial, self.stage.trial)}
        asked |= {id(wide): wide for trial in list(asked.values()) for wide in trial.wider if wide is not None}
        return sum(trial.evaluations for trial in asked.values())

    @property
    def claim_rounding(self) -> float:
        """What the rounding of a claim of ordinary condition may be, relative to ‖g ∘ v‖₂."""
        eps = self.stage.claim_eps
        return eps * (_CLAIM_ULPS if eps < 1e-5 else _CLAIM_ULPS / 8)  # 64 spacings of float16 were a sixteenth

    def claim(self, number: int) -> Array:
        """Return the claimed gradient for the `number`-th cotangent, widened."""
        claim = self.claims.get(number)
        if claim is None:
            gradient = self.trial.gradient(number, self.name)
            claim = np.asarray(gradient.astype(_wide(self.x), copy=False))
            if not is_large(claim):
                self.claims[number] = claim
        return claim

    def cotangent(self, number: int) -> Array:
        """Return the flat cotangent that the claim was made for."""
        return self.trial.flat_cotangent(number)

    def direction(self, number: int, *, relative: bool = False) -> Array:
        """Return a banded random direction: ±(0.5 … 1.5) times the block's RMS, or times each entry's own size.

        A single wrong entry cannot hide from a banded direction, nor a pair of opposite ones from several.
        """
        rng = self.trial.rng("direction", self.name, number, relative)
        if is_large(self.x) and self.x.dtype.kind != "c" and not (relative or self.one_signed):
            return banded(rng, self.x.shape, self.scale)
        v = off_zero(rng, self.x.shape)
        if self.x.dtype.kind == "c":
            v = v * np.exp(1j * rng.uniform(0, 2 * np.pi, self.x.shape))
        if not relative and not self.one_signed:
            return np.asarray(v * self.scale)
        sizes = np.abs(self.x.astype(_wide(self.x)))
        if not relative:
            return np.asarray(v * np.minimum(self.scale, 20 * sizes))
        least = float(np.min(sizes[sizes > 0], initial=self.scale))
        return np.asarray(v * np.where(sizes > 0, sizes, least) / 1.5)

    def line(self, number: int, v: Array, reach: float = inf) -> Line:
        """Return the function along v, in steps of at most `reach`, against the `number`-th claim."""
        if self.one_signed:
            signs = min(
                float(np.min(np.abs(x[step != 0] / step[step != 0]), initial=inf)) for x, step in pieces(self.x, v)
            )
            reach = min(reach, 0.95 * signs)
        return Line(
            self.evaluate, self.x, v, self.cotangent(number), self.y0, self.claim(number), self.stage.eps, reach
        )

    def probe(
        self,
        number: int,
        v: Array,
        *,
        attempt: int = 0,
        full: bool = False,
        reference: float = 0.0,
        most: int | None = None,
        enough: float = 0.0,
        reach: float = inf,
        repeats: int = 1,
    ) -> Probe:
        """Measure along v with the `number`-th cotangent and judge the claim.

        Args:
            number: which cotangent.
            v: direction, in the unit of the block.
            attempt: draws other steps.
            full: learn the noise anew instead of using what earlier probes learnt.
            reference: what resolutions are relative to, if larger than ‖g ∘ v‖₂.
            most: evaluations; None for as many as sharpen it.
            enough: bar that need not be sharpened, in the unit of ⟨g, v⟩.
            reach: longest step, in units of v.
            repeats: measurements with other steps, whose mean is taken; outputs rounded to half the bits have eight.
        """
        line = self.line(number, v, reach)
        ordinary = self.ordinary(line)
        reference = max(reference, ordinary)
        kappa = None if full else self.stage.trial.kappa.get(self.name)
        purpose = ("steps", self.name, number, attempt, float(v.flat[0].real))
        estimate = measure(line, self.trial.jitter(*purpose), kappa=kappa, most=most, enough=enough)
        if self.stage.eps >= _COARSE and most is None:
            repeats = _REPEATED
        if repeats > 1 and isfinite(estimate.error):
            jitters = (self.trial.jitter(*purpose, again) for again in range(1, repeats))
            estimate = _mean([estimate, *(measure(line, jitter, kappa=kappa) for jitter in jitters)])
        if kappa is None and isfinite(estimate.error) and estimate.kind != "flat":  # what stands still has no noise
            floor = line.floor()
            if floor > 0:
                learnt = max(self.stage.trial.kappa.get(self.name, 1.0), estimate.noise / floor)
                self.stage.trial.loudest = max(self.stage.trial.loudest, learnt)
                if learnt <= _ORDINARY:  # what is noisier is looked at anew each time: it may be structure
                    self.stage.trial.kappa[self.name] = learnt
        # in float64 a block's small entries have digits of their own, and what they lose is measured; float32 has not
        own = self.stage.claim_eps < _FINE or self.stage.lifted
        size = max(estimate.scale, ordinary if own else reference)
        comparison = self.judge(estimate, number, reference, self.claim_rounding * size)
        doubted = comparison.allowed < abs(comparison.gap)
        probe = Probe(number, v, line, reference, size, estimate, comparison, doubted, repeats)
        refinable = most is None and estimate.kind in ("smooth", "rough") and isfinite(estimate.error)
        if comparison.verdict is Verdict.INCONCLUSIVE and refinable and abs(estimate.gap) <= comparison.allowed:
            return self.refined(probe, reference)
        return probe

    def ordinary(self, line: Line) -> float:
        """Return ‖g ∘ v‖₂ for an ordinary cotangent, where this one happens to cancel; 0 where it does not.

        A bias of one entry has the sum of the cotangent for its gradient; where that is zero by chance, what is
        claimed is the rounding of the sum, and relative to nothing it would be wrong by 100 %.
        """
        if line.scale >= 1e-6 * self._at_most(line.v):
            return 0.0
        claims = (self.trial.gradient(number, self.name) for number in (0, 1))
        sizes = [norm_along(g, line.v) for g in claims if g is not None and g.shape == line.v.shape]
        other = max(sizes, default=0.0)
        return other if np.isfinite(other) and line.scale < 1e-6 * other else 0.0

    def _at_most(self, v: Array) -> float:
        """Return a bound of ‖g ∘ v‖₂ for the first two cotangents, by what is known of gradients that were let go."""
        if self.sizes is None:
            sizes = (self.trial.size_of(number, self.name) for number in (0, 1))
            self.sizes = [(size.largest, size.norm) for size in sizes if size is not None]
        length, longest = norm(v), extremes(v)[1] if is_large(v) else inf
        return max((min(largest * length, size * longest) for largest, size in self.sizes), default=0.0)

    def refined(self, probe: Probe, reference: float) -> Probe:
        """Return a probe sharpened by a second oracle, where that agrees with claim and measurement both.

        The complex step, or the same ladder in extended precision: never trusted alone, and never to accuse,
        because where float64 shows so little, the claim's own last digits are lost as well.
        """
        number, v, estimate = probe.number, probe.v, probe.estimate
        if self.stage.eps < EXTENDED:
            return probe
        scale = max(estimate.scale, reference)
        slope = complex_slope(self.evaluate, self.x, v, self.cotangent(number), self.y0)
        bar = _CLAIM_ULPS * self.stage.eps * max(abs(slope or 0.0), scale)
        if slope is None:
            extended = self.extended(number, v)
            if extended is None or not isfinite(extended.error):
                return probe
            slope, bar = extended.measured, bar + extended.error
        gap = slope - estimate.claimed
        if abs(gap) > 0.5 * self.resolution * scale or abs(gap - estimate.gap) > estimate.error + bar:
            return probe
        if abs(gap) > bar:  # 1 - s at s near 1 costs a claim digits that no bar knows of, but claims nearby do
            lost = 8 * max(spread(self, number, v), trembling(self, number, v))
            if abs(gap) > bar + self.claim_rounding * scale + lost:
                return probe
        error = max(bar, 2 * abs(gap))
        sharper = replace(estimate, gap=gap, error=error, rounding=error, truncation=0.0, kind="smooth")
        comparison = self.judge(sharper, number, reference)
        return (
            replace(probe, estimate=sharper, comparison=comparison) if comparison.verdict is Verdict.AGREES else probe
        )

    def extended(self, number: int, v: Array) -> Estimate | None:
        """Measure in extended precision, where the machine has it and the function carries it through."""
        shadow = extended_trial(self.stage.trial)
        if shadow is None or self.x.dtype.kind == "c":
            return None
        x, wide, eps = shadow.value(self.name), v.astype(np.longdouble), float(np.finfo(np.longdouble).eps)
        line = Line(shadow.evaluator(self.name), x, wide, self.cotangent(number), shadow.y0, self.claim(number), eps)
        return measure(line, self.trial.jitter("extended", self.name, number))

    def in_wider(self, number: int) -> Prober:
        """Return what measures the claims of a float64 shadow, for the same cotangent."""
        trial = Trial(self.trial.target, self.trial.settings, self.stage.trial.values)
        trial.use_cotangent(number, rebuild(self.trial.cotangent(number), lambda u: widened(u, np.float64)))
        return Prober(trial, self.stage, self.name)

    def magnitude(self, number: int) -> float:
        """Return ‖u ∘ y‖₂ over all outputs."""
        if number not in self.whole:
            self.whole[number] = norm_along(self.cotangent(number), self.y0)
        return self.whole[number]

    def judge(
        self, estimate: Estimate, number: int, reference: float = 0.0, rounding: float | None = None
    ) -> Comparison:
        """Compare an estimate with its claim at the precision of the claim."""
        if rounding is None:
            rounding = self.claim_rounding * max(estimate.scale, reference)
        if self.stage.eps < EXTENDED:  # a forward that is right to all digits of float64 need not be in wider numbers
            rounding = max(rounding, _APPROXIMATED * self.resolution * estimate.scale)
        rounding += _INEXACT * (self.trial.inexact or 0.0)
        return compare(
            estimate,
            rounding=rounding,
            resolution=self.resolution,
            tolerance=self.tolerance,
            whole=self.magnitude(number),
            reference=reference,
        )


def _mean(estimates: Sequence[Estimate]) -> Estimate:
    """Return the mean of measurements along one line, whose steps differ and so does the rounding of the outputs."""
    answered = [estimate for estimate in estimates if isfinite(estimate.error) and estimate.kind == estimates[0].kind]
    gap = sum(estimate.gap for estimate in answered) / len(answered)
    rounding = hypot(*(estimate.rounding for estimate in answered)) / len(answered)
    truncation = sum(estimate.error - estimate.rounding for estimate in answered) / len(answered)
    cost = sum(estimate.evaluations for estimate in estimates)
    return replace(estimates[0], gap=gap, error=truncation + rounding, rounding=rounding, evaluations=cost)


def _wide(x: Array) -> type[np.complex128] | type[np.float64]:
    return np.complex128 if x.dtype.kind == "c" else np.float64
