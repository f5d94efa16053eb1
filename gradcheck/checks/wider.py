"""Extended precision for a float64 block whose forward's own rounding hides what single entries may be off by.

(1 − cos x)/x² keeps ten digits of sixteen at 1e-3, and a step along it shows five; in the 64 bits of extended
precision it shows nine. The claim stays that of float64: a formula that loses digits there is asked for in wider
numbers as well before anything is said to be wrong, as it is for float32.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import inf

import numpy as np

from gradcheck.checks.directions import directions
from gradcheck.checks.extended import extended_trial
from gradcheck.checks.precision import Stage
from gradcheck.checks.prober import Probe, Prober
from gradcheck.compare import Verdict
from gradcheck.norms import norm
from gradcheck.point import Array

__all__ = ["sharpened"]

_SHARP = 0.1  # of the resolution, relative to an ordinary entry: what a bar may hide of a mistake in that alone
_SHARPER = 0.1  # of a bar: what is worth to be measured again
_FLOAT64 = 1e-15  # spacings above are of something coarser
_LOST = 2.0**-42  # of the outputs: a thousand spacings, which no sum of ordinary condition loses


def sharpened(prober: Prober, probes: list[Probe]) -> tuple[Prober, list[Probe]]:
    """Return what measures in wider numbers, and its directions; what was given, where that shows no more.

    Asked where a bar would hide a mistake in one ordinary entry, or where a forward of few digits seems to disagree:
    it may have been a staircase of its own rounding.
    """
    wrong = any(probe.verdict is Verdict.DISAGREES for probe in probes)
    if not wrong and not _blunt(prober, probes):
        return prober, probes
    trial, stage = prober.trial, prober.stage
    shadow = None if stage.lifted or stage.eps > _FLOAT64 else extended_trial(trial)
    if shadow is None or (wrong and norm(shadow.y0 - trial.y0) <= _LOST * norm(trial.y0)):
        return prober, probes
    eps = float(np.finfo(np.longdouble).eps)
    wide = Prober(trial, Stage(shadow, eps, stage.claim_eps, stage.resolution, lifted=True), prober.name)
    found = directions(wide, trial.settings.budget.probes, affordable=True)
    if wrong:
        seen = max(_relative(probe, probe.comparison.gap) for probe in probes)
        denied = all(abs(probe.comparison.gap) <= probe.comparison.allowed for probe in found)
        sharp = max(_relative(probe, probe.comparison.allowed) for probe in found) <= _SHARPER * seen
        return (wide, found) if denied and sharp else (prober, probes)
    bars = [max(probe.comparison.allowed for probe in some) for some in (found, probes)]
    if bars[0] > _SHARPER * bars[1]:
        return prober, probes
    if any(probe.doubted for probe in probes):  # its entries are looked at in any case
        found[0] = replace(found[0], doubted=True)
    return wide, found


def _blunt(prober: Prober, probes: Sequence[Probe]) -> bool:
    """Whether some direction's bar would hide a mistake, as large as the resolution, in one ordinary entry."""
    return any(
        probe.estimate.kind != "kink"
        and not probe.comparison.vanishes  # below all that the outputs show; in wider numbers it may be a staircase
        and probe.estimate.error > _SHARP * prober.resolution * _ordinary(prober.claim(probe.number) * probe.v)
        for probe in probes
    )


def _relative(probe: Probe, size: float) -> float:
    return abs(size) / probe.estimate.scale if probe.estimate.scale > 0 else inf


def _ordinary(terms: Array) -> float:
    """Return the median size of those that are not zero, inf where all are."""
    sizes = np.abs(terms[terms != 0])
    return float(np.median(sizes)) if sizes.size else inf
