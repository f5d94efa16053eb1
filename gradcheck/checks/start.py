"""Parameters at their start: gains of one and biases of zero, beside which a wrong formula is a right one.

A gain's gradient that is taken from the output in place of the normalised input is right while the gain is one and the
bias zero, and so is a layer that forgets them. Where such a block has a gradient claimed, each gradient is measured
once more with all of them moved.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from gradcheck.checks.confirm import confirm
from gradcheck.checks.precision import Stage, stage_for
from gradcheck.checks.prober import Prober
from gradcheck.checks.trial import Trial
from gradcheck.compare import Verdict
from gradcheck.norms import all_finite
from gradcheck.report import Finding
from gradcheck.report.text import pair
from gradcheck.streams import off_zero

__all__ = ["past_the_start"]

_MOVE = 0.3  # times 0.5 to 1.5: of a gain of one it leaves half


def past_the_start(trial: Trial, stage: Stage, findings: Sequence[Finding]) -> Iterator[Finding]:
    """Yield what disagrees where parameters that are all zeros or all ones are moved; nothing where one is wrong here.

    Args:
        trial: at the point given.
        stage: where that was measured.
        findings: of its gradients.

    Cost: a forward, an answer, and six evaluations for each block, whose noise is known.
    """
    first, *others = trial.target.point.blocks  # an input of zeros is a point that was chosen
    at_start = [name for name in others if name in trial.claimed_blocks() and _at_start(trial, name)]
    special = any(finding.verdict.wrong or finding.verdict is Verdict.KINK for finding in findings)
    if not at_start or special or trial.target.role != "local" or _at_start(trial, first):
        return
    moved = _moved(trial, at_start)
    if moved is None:
        return
    there = stage_for(moved) if stage.lifted else replace(stage, trial=moved)
    there.trial.kappa |= stage.trial.kappa
    for name in moved.claimed_blocks():
        prober = Prober(moved, there, name)
        probe = prober.probe(0, prober.direction(0))
        if probe.verdict is Verdict.DISAGREES:
            probe = confirm(prober, probe)
        if probe.verdict is Verdict.DISAGREES:
            layer, quantity = trial.target.owner(name)
            claimed, measured = pair(probe.estimate.claimed, probe.estimate.measured)
            message = (
                f"{layer}: gradient of {quantity} is right at the point given, where {_told(trial, at_start)}, and "
                f"wrong where that is moved: claimed {claimed}, measured {measured} ± {probe.estimate.error:.1g}"
            )
            numbers = {
                "claimed": probe.estimate.claimed,
                "measured": probe.estimate.measured,
                "error": probe.estimate.error,
                "gap": probe.comparison.gap,
                "allowed": probe.comparison.allowed,
                "resolution": probe.comparison.resolution,
                "evaluations": probe.estimate.evaluations,
                "curve": probe.estimate.curve,
            }
            yield trial.finding("gradient.direction", name, Verdict.DISAGREES, message, **numbers)
    trial.evaluations += moved.evaluations


def _at_start(trial: Trial, name: str) -> bool:
    x = trial.value(name)
    return x.dtype.kind == "f" and bool(np.all(x == 0) or np.all(x == 1))


def _told(trial: Trial, names: Sequence[str]) -> str:
    """Return which blocks are what, "b is all zeros and γ is all ones"."""
    words = {(False, False): "zero", (False, True): "one", (True, False): "all zeros", (True, True): "all ones"}
    values = [(trial.target.owner(name)[1], trial.value(name)) for name in names]
    return " and ".join(f"{quantity} is {words[x.size > 1, bool(np.any(x))]}" for quantity, x in values)


def _moved(trial: Trial, names: Sequence[str]) -> Trial | None:
    """Return a trial with these blocks moved, None where the function or its gradients are not defined there."""
    values, rng = trial.fresh(), trial.rng("start")
    for name in names:
        x = trial.value(name)
        values[trial.index(name)] = (x + _MOVE * off_zero(rng, x.shape)).astype(x.dtype)
    moved = Trial(trial.target, trial.settings, values)
    try:
        finite = moved.y0.shape == trial.y0.shape and all_finite(moved.y0)
        return moved if finite and moved.claimed_blocks() else None
    except Exception:  # the moved point may lie outside the domain; then nothing is known
        return None
