"""The claim against the measured derivative: by random directions, and entry by entry."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from math import hypot, inf, prod, sqrt
from typing import Any

import numpy as np

from gradcheck.checks.confirm import confirm, explained, on_stairs
from gradcheck.checks.doubt import denied
from gradcheck.checks.entries import Entry, measure_entries
from gradcheck.checks.moved import MOVE, moved_probes, settles
from gradcheck.checks.precision import Stage, stage_for
from gradcheck.checks.prober import Probe, Prober
from gradcheck.checks.ties import TIE, at_tie
from gradcheck.checks.together import together
from gradcheck.checks.trial import Trial
from gradcheck.compare import Verdict
from gradcheck.diagnosis.locate import locate
from gradcheck.norms import norm
from gradcheck.pieces import is_large, norm_along, pieces
from gradcheck.point import Array
from gradcheck.report import Finding, Table
from gradcheck.report.text import pair

__all__ = ["gradient", "of_block"]

_PER_ENTRY = 24  # forward evaluations that an entry may cost where it is at a kink or at fault


def gradient(trial: Trial) -> Iterator[Finding]:
    """Each gradient is the derivative of the forward: along random directions, then entry by entry.

    `gradient.direction` measures ⟨g, v⟩ along banded random directions v, each with a random cotangent of its
    own; `gradient.entries` measures single entries where the block is small or a direction is suspicious.
    """
    stage = stage_for(trial)
    findings = [finding for name in trial.claimed_blocks() for finding in of_block(trial, stage, name)]
    if any(finding.verdict is Verdict.KINK for finding in findings):
        findings += together(trial, findings)
    yield from findings


def of_block(trial: Trial, stage: Stage, name: str) -> Iterator[Finding]:
    """Yield what is found of one block's gradient: along directions, and entry by entry where those were measured."""
    prober = Prober(trial, stage, name)
    start = prober.evaluations
    effort, size = trial.settings.budget, prober.x.size
    affordable = size * _PER_ENTRY <= effort.budget
    probes = _probes(prober, effort.probes, affordable)
    worst = max(
        probes,
        key=lambda p: (p.verdict.severity, abs(p.comparison.gap) / p.estimate.scale if p.estimate.scale else inf),
    )
    suspicious = worst.verdict is not Verdict.AGREES
    entries: list[Entry] = []
    moved: list[Probe] = []
    number = worst.number if suspicious else 0
    cost = prober.evaluations - start
    if size <= effort.entries or (suspicious and affordable):
        entries = measure_entries(prober, list(np.ndindex(prober.x.shape)), number)
    elif worst.verdict is Verdict.DISAGREES:
        entries = _located(prober, worst, effort.budget // 3)
        if all(entry.verdict is not Verdict.DISAGREES for entry in entries):  # those that are seen are not tiny
            probes[-1] = worst = confirm(prober, worst)
    elif suspicious:
        entries = measure_entries(prober, _sample(prober, min(64, effort.budget // (2 * _PER_ENTRY))), number)
    complete = len(entries) >= size * (2 if prober.x.dtype.kind == "c" else 1)
    kinked = worst.estimate.kind == "kink" or any(entry.verdict is Verdict.KINK for entry in entries)
    if worst.verdict is Verdict.INCONCLUSIVE and kinked and not complete:  # what was not measured is so beside it
        moved = moved_probes(prober, min(2, effort.probes))
    yield _direction_finding(prober, probes, worst, entries, moved, complete, cost)
    if entries:
        yield _entries_finding(prober, entries, complete, prober.evaluations - start - cost)


_BRIEF = 7  # evaluations: three levels of known noise; what is faint in a large block needs no last digit

_FINE = 1e-9  # of the gradient along a direction: a thousandth of the resolution that is asked for

# (other draw, each entry's own scale, factor): a domain may be narrower than the size of its numbers
_ATTEMPTS = ((0, True, 1.0), (100, False, 1.0), (200, True, 1e-3), (300, True, 1e-6))


_BESIDE = f"at a point moved by {MOVE:g} of its size"


def _probes(prober: Prober, directions: int, affordable: bool) -> list[Probe]:
    """Probe a block along random directions, and its faint entries apart.

    In a large block faint entries take the place of the last of three directions, and nothing more is asked once one
    disagrees: its entries are looked for next.
    """
    faint = list(_strata(prober))
    numbers = range(1, directions - (bool(faint) and not affordable and directions > 2))
    others: list[Callable[[], Probe]] = [partial(_settled, prober, number, affordable) for number in numbers]
    apart: list[Callable[[], Probe]] = [
        partial(_faint, prober, level, small, None if affordable else _BRIEF) for level, small in enumerate(faint)
    ]

    def asked(ask: Callable[[], Probe]) -> Probe:
        probe = ask()
        return probe if affordable or probe.verdict is not Verdict.AGREES else probe.told()

    probes = [asked(partial(_settled, prober, 0, affordable))]
    # of a large block one gradient is there at a time: first all that the first cotangent is for
    for ask in (*apart, *others) if is_large(prober.x) else (*others, *apart):
        if not affordable and probes[-1].verdict is Verdict.DISAGREES:
            return probes
        probe = asked(ask)
        if ask in others or probe.verdict is Verdict.DISAGREES:
            probes.append(probe)
        del probe
    return probes


def _settled(prober: Prober, number: int, affordable: bool) -> Probe:
    """Probe one direction; where it is inconclusive, try each entry's own scale and fresh draws."""
    v = prober.direction(number)
    # of a large block the first direction has the last digit; the others are for what cancels there
    enough = _FINE * norm_along(prober.claim(number), v) if number > 0 and is_large(v) else 0.0
    probe = prober.probe(number, v, full=number == 0, enough=enough)
    faint = probe.estimate.scale <= 1e3 * probe.comparison.allowed  # nothing was seen, agree or not
    stands = probe.estimate.kind == "flat" or probe.line.stands_still_nearby() or probe.line.saws(probe.estimate.gap)
    still = probe.verdict is Verdict.DISAGREES and stands
    if prober.scale < 1e-2 and (still or (faint and probe.verdict in (Verdict.INCONCLUSIVE, Verdict.AGREES))):
        other = prober.probe(number, prober.direction(number) / prober.scale, full=True)
        if other.verdict in (Verdict.AGREES, Verdict.DISAGREES):
            probe = other
    if probe.verdict is Verdict.INCONCLUSIVE and probe.estimate.kind != "kink":
        covered = abs(probe.estimate.gap) <= probe.comparison.allowed < inf
        for again, relative, factor in _ATTEMPTS:
            other = prober.probe(number, factor * prober.direction(number + again, relative=relative), full=True)
            if factor < 1 and other.verdict is Verdict.DISAGREES:
                long = prober.line(number, other.v / factor)
                if covered or denied(long, other.estimate.gap / factor):
                    continue
            if other.verdict.severity < probe.verdict.severity or other.verdict is Verdict.DISAGREES:
                probe = other
            if probe.verdict is not Verdict.INCONCLUSIVE:
                break
    probe = explained(prober, probe)
    if probe.verdict is Verdict.DISAGREES:
        if on_stairs(prober, probe):
            flats = (prober.probe(number, factor * probe.v, full=True) for factor in (1e-3, 1e-6, 1e-9))
            found = next((flat for flat in flats if flat.verdict is Verdict.AGREES), None)
            if found is not None:
                return found
        probe = confirm(prober, probe, jumps=affordable)  # a large block's entries will tell
        if probe.verdict is Verdict.DISAGREES and at_tie(prober, number, probe.v):
            undecided = replace(probe.comparison, verdict=Verdict.INCONCLUSIVE, reason=TIE)
            probe = replace(probe, comparison=undecided)  # single entries tell
    return probe


def _strata(prober: Prober) -> Iterator[Array]:
    """Yield masks of entries whose claimed gradient is so small that large ones would hide them."""
    claim = prober.claim(0)
    inside = np.ones(claim.shape, dtype=bool)
    for _ in range(3):
        count = int(np.count_nonzero(inside))
        typical = hypot(*(norm(g[at]) for g, at in pieces(claim, inside))) / sqrt(count) if count else 0.0
        small = np.zeros(claim.shape, dtype=bool)
        for g, at, out in pieces(claim, inside, out=small):
            out[...] = at & (np.abs(g) <= 1e-4 * typical)
        if typical == 0 or not small.any() or small.all():
            break
        yield small
        inside = small


def _faint(prober: Prober, level: int, small: Array, most: int | None) -> Probe:
    """Probe entries of small claimed gradient alone."""
    whole = prober.direction(1000 + level)
    # the claims' rounding is that of the sums they come from: relative to the block, not to the small ones
    reference = norm_along(prober.claim(0), whole)
    whole[~small] = 0.0
    probe = prober.probe(0, whole, reference=reference, most=most)
    if probe.verdict is Verdict.DISAGREES:
        probe = confirm(prober, probe)
        if probe.verdict is Verdict.DISAGREES and at_tie(prober, 0, probe.v):
            undecided = replace(probe.comparison, verdict=Verdict.INCONCLUSIVE, reason=TIE)
            probe = replace(probe, comparison=undecided)
    return probe


def _located(prober: Prober, probe: Probe, budget: int) -> list[Entry]:
    """Return measured entries of a large block at fault: a handful at random, and if few are wrong, those that are."""
    places = _sample(prober, 8)
    sample = measure_entries(prober, places[:3], probe.number)
    if any(entry.verdict is Verdict.DISAGREES for entry in sample):  # more than a few are wrong, it seems
        sample += measure_entries(prober, places[3:], probe.number)
    if sum(entry.verdict is Verdict.DISAGREES for entry in sample) >= 4:
        return sample
    known = {entry.index for entry in sample}

    def part(v: Array, enough: float) -> tuple[float, float]:
        estimate = prober.probe(probe.number, v, most=_BRIEF, enough=enough).estimate
        return estimate.gap, estimate.error

    location = locate(part, probe.v, probe.estimate.gap, probe.estimate.error, budget // 7)
    found = [index for index in location.indices if index not in known]
    return sample + measure_entries(prober, found, probe.number)


def _sample(prober: Prober, number: int) -> list[tuple[int, ...]]:
    """Choose entries of a large block: zeros first, where kinks sit, then at random."""
    rng = prober.trial.rng("sample", prober.name)
    order = rng.permutation(prober.x.size)
    zero = prober.x.ravel()[order] == 0
    order = np.concatenate([order[zero][: number // 2], order[~zero], order[zero][number // 2 :]])[:number]
    return [tuple(int(i) for i in np.unravel_index(flat, prober.x.shape)) for flat in order]


def _direction_finding(
    prober: Prober,
    probes: list[Probe],
    worst: Probe,
    entries: list[Entry],
    moved: list[Probe],
    complete: bool,
    cost: int,
) -> Finding:
    verdict, estimate, comparison = worst.verdict, worst.estimate, worst.comparison
    resolution, beside = max(p.comparison.resolution for p in probes), ""
    if verdict is Verdict.INCONCLUSIVE and entries and complete:
        verdict = max((e.verdict for e in entries), key=lambda v: v.severity)
        resolution = max((e.comparison.resolution for e in entries if e.verdict is Verdict.AGREES), default=inf)
    elif moved:
        off = max(moved, key=lambda p: p.verdict.severity)
        if off.verdict is Verdict.DISAGREES:
            verdict, estimate, comparison, beside = off.verdict, off.estimate, off.comparison, f" {_BESIDE}"
        elif settles(moved, entries):
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
    if verdict is Verdict.DISAGREES:
        claimed, measured = pair(estimate.claimed, estimate.measured)
        message = (
            f"{layer}: gradient of {quantity} disagrees with the measured derivative along a random direction: "
            f"claimed {claimed}, measured {measured} ± {estimate.error:.1g}{beside}"
        )
    elif beside:
        message = f"{layer}: {quantity} lies on kinks; verified {beside}, and here in {len(entries)} single entries"
    elif verdict is Verdict.INCONCLUSIVE:
        message = f"{layer}: gradient of {quantity} could not be verified: {reason}"
    return prober.trial.finding("gradient.direction", prober.name, verdict, message, **numbers)


def _entries_finding(prober: Prober, entries: list[Entry], complete: bool, cost: int) -> Finding:
    worst = max(entries, key=lambda e: (e.verdict.severity, abs(e.comparison.gap)))
    wrong = sum(e.verdict is Verdict.DISAGREES for e in entries)
    layer, quantity = prober.trial.target.owner(prober.name)
    place = f"{quantity}[{', '.join(map(str, worst.index))}]"
    message = ""
    if worst.verdict is Verdict.DISAGREES:
        of = f"{wrong} of {len(entries)} entries" + ("" if complete else f" measured, of {prod(prober.x.shape)}")
        claimed, measured = pair(worst.claimed, worst.measured)
        message = (
            f"{layer}: gradient of {quantity} disagrees: {place} claimed {claimed}, "
            f"measured {measured} ± {worst.error:.1g} ({of})"
        )
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
        gap=worst.measured - worst.claimed,
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
