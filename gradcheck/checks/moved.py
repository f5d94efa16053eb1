"""Off the kinks: a large block whose point lies on some is verified beside it, and said to be.

Max-pooling after a relu ties wherever a window is all zeros, and along a random direction every tie is a kink.
The block is moved by a thousandth of its size, where the ties are broken; the formula is measured there, with
its own claims, and the point itself entry by entry in a sample that takes its zeros first.
"""

from __future__ import annotations

import numpy as np

from gradcheck.checks.confirm import confirm
from gradcheck.checks.entries import Entry
from gradcheck.checks.precision import stage_for
from gradcheck.checks.prober import Probe, Prober
from gradcheck.checks.trial import Trial
from gradcheck.compare import Verdict
from gradcheck.norms import all_finite
from gradcheck.point import Array

__all__ = ["MOVE", "moved_probes", "settles"]

MOVE = 1e-3  # of the block's RMS: far from the kink for every step that counts, near enough to be the same branch


def moved_probes(prober: Prober, probes: int) -> list[Probe]:
    """Return probes of the same block at a point moved by `MOVE`, confirmed where they disagree.

    Args:
        prober: of the block at its own point.
        probes: how many directions.
    Returns:
        The probes; empty where the function is not defined at the moved point.
    """
    trial, x = prober.trial, prober.trial.value(prober.name)
    step = MOVE * prober.scale * trial.rng("moved", prober.name).standard_normal(x.shape)
    if prober.one_signed:
        step = np.sign(x) * np.abs(step)  # away from zero
    found = []
    for number in range(probes):
        sign = 1 if number % 2 == 0 or prober.one_signed else -1  # on one side of a relu nothing moves
        beside = _beside(prober, (x + sign * step).astype(x.dtype))
        if beside is None:
            return []
        probe = beside.probe(number, beside.direction(number), full=number == 0)
        found.append(confirm(beside, probe) if probe.verdict is Verdict.DISAGREES else probe)
        trial.evaluations += beside.trial.evaluations
    return found


def _beside(prober: Prober, x: Array) -> Prober | None:
    """Return the same block at another point, None where the function is not defined there."""
    trial = prober.trial
    values = trial.fresh()
    values[trial.index(prober.name)] = x
    moved = Trial(trial.target, trial.settings, values)
    try:
        finite = all_finite(moved.y0)
    except Exception:  # the moved point may lie outside the domain; then nothing is known
        return None
    if not finite or prober.name not in moved.claimed_blocks():
        return None
    return Prober(moved, stage_for(moved), prober.name)


def settles(moved: list[Probe], entries: list[Entry]) -> bool:
    """Whether the moved point and the sampled entries together verify a block that lies on kinks."""
    verified = bool(moved) and all(probe.verdict is Verdict.AGREES for probe in moved)
    return verified and all(entry.verdict in (Verdict.AGREES, Verdict.KINK) for entry in entries)
