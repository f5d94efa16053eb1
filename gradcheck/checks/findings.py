"""What is told of one block: a finding for its directions, and one for its entries."""

from __future__ import annotations

from dataclasses import replace
from math import hypot, inf, prod
from typing import Any

from gradcheck.checks.entries import Entry
from gradcheck.checks.extended import EXTENDED
from gradcheck.checks.moved import MOVE, settles
from gradcheck.checks.prober import Probe, Prober
from gradcheck.compare import Verdict
from gradcheck.estimate import Estimate
from gradcheck.report import Finding, Table
from gradcheck.report.text import pair

__all__ = ["direction_finding", "entries_finding"]

_VALID = "the claim is a valid subgradient at this kink"
_SETTLES = "a point off the kink would settle it"
_BESIDE = f"at a point moved by {MOVE:g} of its size"


def direction_finding(
    prober: Prober,
    probes: list[Probe],
    worst: Probe,
    entries: list[Entry],
    moved: list[Probe],
    complete: bool,
    cost: int,
) -> Finding:
    """Return the finding of a block's directions: the worst of them, or what its entries or a moved point settle."""
    verdict, estimate, comparison = worst.verdict, worst.estimate, worst.comparison
    resolution, beside = max(p.comparison.resolution for p in probes), ""
    off = max(moved, key=lambda p: p.verdict.severity, default=None)
    if off is not None and off.verdict is Verdict.DISAGREES:
        estimate, comparison, beside = off.estimate, off.comparison, f" {_BESIDE}"
        verdict = Verdict.INCONCLUSIVE if complete else Verdict.DISAGREES
        if complete:  # at the point itself every entry was measured, and lies between the slopes that meet there
            told = _between(estimate)
            comparison = replace(comparison, verdict=verdict, reason=f"{_VALID}, but {_BESIDE} {told}; {_SETTLES}")
    elif verdict is Verdict.INCONCLUSIVE and entries and complete and not _hides(prober, worst, entries):
        verdict = max((e.verdict for e in entries), key=lambda v: v.severity)
        resolution = max((e.comparison.resolution for e in entries if e.verdict is Verdict.AGREES), default=inf)
    elif verdict is Verdict.INCONCLUSIVE and settles(moved, entries):
        verdict, beside = Verdict.KINK, _BESIDE
        resolution = max(p.comparison.resolution for p in moved)
    reason = comparison.reason if verdict is Verdict.INCONCLUSIVE else ""
    layer, quantity = prober.trial.target.owner(prober.name)
    numbers: dict[str, Any] = {
        "claimed": estimate.claimed,
        "measured": estimate.measured,
        "error": estimate.error,
        "gap": comparison.gap,
        "allowed": comparison.allowed,
        "resolution": resolution,
        "evaluations": cost,
        "reason": reason,
        "curve": estimate.curve,
    }
    message = ""
    if verdict is Verdict.DISAGREES and comparison.verdict is Verdict.INCONCLUSIVE:
        message = f"{layer}: gradient of {quantity} disagrees in single entries; along a direction, {comparison.reason}"
    elif verdict is Verdict.DISAGREES:
        claimed, measured = pair(estimate.claimed, estimate.measured)
        message = (
            f"{layer}: gradient of {quantity} disagrees with the measured derivative along a random direction: "
            f"claimed {claimed}, measured {measured} ± {estimate.error:.1g}{_wider(prober)}{beside}"
        )
    elif verdict is Verdict.KINK and beside:
        message = f"{layer}: {quantity} lies on kinks; verified {beside}, and here in {len(entries)} single entries"
    elif verdict is Verdict.INCONCLUSIVE:
        message = f"{layer}: gradient of {quantity} could not be verified: {reason}"
    return prober.trial.finding("gradient.direction", prober.name, verdict, message, **numbers)


def _wider(prober: Prober) -> str:
    """Return, as a clause, that differences in float64 would not show what is told."""
    return ", in extended precision" if prober.stage.eps < EXTENDED else ""


def _hides(prober: Prober, worst: Probe, entries: list[Entry]) -> bool:
    """Whether the bars of entries, asked in wider numbers, cover a gap that was seen along a direction."""
    if prober.stage.eps >= EXTENDED or not worst.doubted or worst.estimate.kind == "kink":
        return False
    bars = (entry.comparison.allowed * abs(worst.v[entry.index]) for entry in entries)
    return hypot(*bars) >= 0.5 * abs(worst.comparison.gap)


def entries_finding(prober: Prober, entries: list[Entry], complete: bool, cost: int) -> Finding:
    """Return the finding of a block's measured entries: the worst of them, and a table of all where one is open."""
    worst = max(entries, key=lambda e: (e.verdict.severity, abs(e.comparison.gap)))
    wrong = sum(e.verdict is Verdict.DISAGREES for e in entries)
    layer, quantity = prober.trial.target.owner(prober.name)
    place = f"{quantity}[{', '.join(map(str, worst.index))}]"
    message = ""
    if worst.verdict is Verdict.DISAGREES:
        of = f"{wrong} of {len(entries)} entries" + ("" if complete else f" measured, of {prod(prober.x.shape)}")
        message = f"{layer}: gradient of {quantity} disagrees: {place} {_apart(worst)}{_wider(prober)} ({of})"
    elif worst.verdict is Verdict.INCONCLUSIVE:
        message = f"{layer}: {place} could not be verified: {worst.comparison.reason}"
    elif worst.verdict is Verdict.KINK:
        message = (
            f"{layer}: {place} = {worst.claimed:+.6g} is a valid subgradient at a kink "
            f"({worst.measured:+.3g} ± {worst.error:.2g})"
        )
    return prober.trial.finding(
        "gradient.entries",
        prober.name,
        worst.verdict,
        message,
        claimed=worst.claimed,
        measured=worst.measured,
        error=worst.error,
        gap=worst.measured - worst.claimed if worst.ends is None else worst.comparison.gap,
        allowed=worst.comparison.allowed,
        resolution=max(e.comparison.resolution for e in entries if e.verdict is worst.verdict),
        worst=worst.index,
        wrong=wrong,
        entries=len(entries),
        evaluations=cost,
        reason=worst.comparison.reason,
        curve=worst.estimate.curve,
        table=_table(prober, entries) if worst.verdict.severity >= Verdict.INCONCLUSIVE.severity else None,
    )


def _between(estimate: Estimate) -> str:
    claimed, measured = pair(estimate.claimed, estimate.measured)
    return f"it is wrong: claimed {claimed}, measured {measured} ± {estimate.error:.1g}"


def _apart(entry: Entry) -> str:
    """Return what is claimed and what was measured, as a clause."""
    if entry.ends is None:
        claimed, measured = pair(entry.claimed, entry.measured)
        return f"claimed {claimed}, measured {measured} ± {entry.error:.1g}"
    low, high = entry.ends
    claimed, nearest = pair(entry.claimed, low if entry.claimed < low else high)
    ends = (nearest, f"{high:+.6g}") if entry.claimed < low else (f"{low:+.6g}", nearest)
    return f"claimed {claimed}, outside of the slopes that meet there, {ends[0]} to {ends[1]}"


def _table(prober: Prober, entries: list[Entry]) -> Table:
    """Return the measured entries of a block that is not verified, for a picture of where it is wrong."""
    return Table(
        prober.x.shape,
        tuple(e.index for e in entries),
        tuple(e.claimed for e in entries),
        tuple(e.measured for e in entries),
        tuple(_unscaled(e) for e in entries),
    )


def _unscaled(entry: Entry) -> float:
    """Return the gap that an entry may have, per unit of x; comparisons are made along a scaled direction."""
    bar = entry.estimate.error
    return entry.comparison.allowed * entry.error / bar if 0 < bar < inf else entry.error
