"""All inputs moved by the same amount: what a tie cannot hide from.

At max(a, b) with a = b, "both get all" is a valid subgradient in a alone and in b alone, and yet wrong: moved
together they stay tied, the function is smooth along that line, and its slope is one. So wherever entries
were found at kinks, the whole is measured once more along (1, 1, …, 1).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck.checks.precision import stage_for
from gradcheck.checks.prober import Prober
from gradcheck.checks.solvers import STOPS, wavering
from gradcheck.checks.trial import Trial
from gradcheck.compare import Verdict
from gradcheck.norms import norm
from gradcheck.point import Array, Point
from gradcheck.report import Finding
from gradcheck.report.text import pair
from gradcheck.target import Target

__all__ = ["joined", "together"]


def joined(target: Target, names: Sequence[str], values: Sequence[Array]) -> Target:
    """Return a target whose only input is the named blocks, end to end.

    Args:
        target: whose forward and pullback are called.
        names: blocks that move, of one dtype.
        values: all inputs, in the target's order.
    """
    places = [target.point.names.index(name) for name in names]
    shapes = [values[place].shape for place in places]
    ends = np.cumsum([int(np.prod(shape, dtype=int)) for shape in shapes])

    def split(z: Array) -> list[Any]:
        arguments = list(values)
        for place, shape, part in zip(places, shapes, np.split(z, ends[:-1]), strict=True):
            arguments[place] = part.reshape(shape)
        return arguments

    def linearize(z: Array) -> tuple[Any, Any]:
        outputs, pullback = target.linearize(*split(z))

        def back(cotangent: Any) -> Mapping[str, Any]:
            answer = pullback(cotangent)
            return {"together": np.concatenate([np.asarray(answer[name]).ravel() for name in names])}

        return outputs, back

    point = Point(("together",), (np.concatenate([np.ravel(values[place]) for place in places]),))
    return replace(target, point=point, forward=lambda z: target.forward(*split(z)), linearize=linearize, wrt=None)


def together(trial: Trial, findings: Sequence[Finding]) -> Iterator[Finding]:
    """Measure along equal moves of each block with a kink, and of all blocks; only a DISAGREES is told."""
    kinked = {finding.wrt for finding in findings if finding.verdict is Verdict.KINK}
    blocks = trial.claimed_blocks()
    dtypes = {trial.value(name).dtype for name in blocks}
    groups = [[name] for name in blocks if trial.target.owner(name)[1] in kinked]
    if len(blocks) > 1 and len(dtypes) == 1:
        groups.append(blocks)
    for group in groups:
        whole = Trial(joined(trial.target, group, trial.fresh()), trial.settings)
        prober = Prober(whole, stage_for(whole), "together")
        v = np.full(prober.x.shape, prober.scale, dtype=prober.direction(0).dtype)
        probe, again = (prober.probe(0, v, attempt=attempt, full=True) for attempt in (0, 1))
        smooth = probe.estimate.kind == again.estimate.kind == "smooth"
        # no look at neighbouring claims: they differ, because a tie is broken there
        if (
            smooth
            and probe.verdict is again.verdict is Verdict.DISAGREES
            and probe.comparison.gap * again.comparison.gap > 0
        ):
            unseen = probe.line.unseen(whole.loudest, probe.comparison.gap)
            stopped = STOPS * wavering(whole, 0) * norm(v) / prober.scale
            if abs(probe.comparison.gap) <= 3 * (probe.comparison.allowed + unseen + stopped):
                continue
            yield from (_finding(trial, name, probe) for name in group if trial.target.owner(name)[1] in kinked)
            return


def _finding(trial: Trial, name: str, probe: Any) -> Finding:
    layer, quantity = trial.target.owner(name)
    estimate = probe.estimate
    claimed, measured = pair(estimate.claimed, estimate.measured)
    message = (
        f"{layer}: gradient of {quantity} is no subgradient: moved all by the same amount, tied entries stay tied; "
        f"claimed {claimed}, measured {measured} ± {estimate.error:.1g}. "
        "Is a tie's gradient counted more than once, or dropped?"
    )
    return trial.finding(
        "gradient.direction",
        name,
        Verdict.DISAGREES,
        message,
        claimed=estimate.claimed,
        measured=estimate.measured,
        error=estimate.error,
        gap=probe.comparison.gap,
        allowed=probe.comparison.allowed,
        resolution=probe.comparison.resolution,
        evaluations=estimate.evaluations,
        curve=estimate.curve,
    )
