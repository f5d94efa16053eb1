"""The claim against the measured derivative: by random directions, and entry by entry."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf

import numpy as np

from gradcheck.checks.confirm import confirm
from gradcheck.checks.directions import BRIEF, directions
from gradcheck.checks.doubt import NARROW, gap_in_wider
from gradcheck.checks.entries import Entry, measure_entries
from gradcheck.checks.faint import AWAY
from gradcheck.checks.findings import direction_finding, entries_finding
from gradcheck.checks.moved import moved_probes
from gradcheck.checks.precision import Stage, native_for, stage_for
from gradcheck.checks.prober import Probe, Prober
from gradcheck.checks.start import past_the_start
from gradcheck.checks.together import together
from gradcheck.checks.trial import Trial
from gradcheck.checks.wider import sharpened
from gradcheck.compare import Verdict
from gradcheck.diagnosis.locate import locate
from gradcheck.point import Array
from gradcheck.report import Finding

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
    findings += past_the_start(trial, stage, findings)
    yield from findings


def of_block(trial: Trial, stage: Stage, name: str) -> Iterator[Finding]:
    """Yield what is found of one block's gradient: along directions, and entry by entry where those were measured."""
    prober = Prober(trial, stage, name)
    start = prober.evaluations
    effort, size = trial.settings.budget, prober.x.size
    affordable = size * _PER_ENTRY <= effort.budget
    probes, apart = directions(prober, effort.probes, affordable)
    native = native_for(stage, name) if any(p.verdict is Verdict.INCONCLUSIVE for p in probes) else None
    if native is not None:
        prober = Prober(trial, native, name)
        probes, apart = directions(prober, effort.probes, affordable)
    if affordable:
        prober, probes = sharpened(prober, probes, apart)
    worst = max(
        probes,
        key=lambda p: (p.verdict.severity, abs(p.comparison.gap) / p.estimate.scale if p.estimate.scale else inf),
    )
    suspicious = worst.verdict is not Verdict.AGREES
    doubted = next((probe for probe in probes if probe.doubted), None)
    entries: list[Entry] = []
    moved: list[Probe] = []
    number = worst.number if suspicious else doubted.number if doubted else 0
    cost = prober.evaluations - start
    if size <= effort.entries or ((suspicious or doubted) and affordable):
        verified = size > effort.entries and not suspicious  # along every direction: looked at for mistakes only
        reach = AWAY if verified else inf
        entries = measure_entries(prober, list(np.ndindex(prober.x.shape)), number, reach=reach)
        entries = [entry for entry in entries if not (verified and _only_unsharp(entry))]
    elif worst.verdict is Verdict.DISAGREES:
        entries = _located(prober, worst, effort.budget // 3)
        if all(entry.verdict is not Verdict.DISAGREES for entry in entries):  # those that are seen are not tiny
            probes[-1] = worst = confirm(prober, worst)
    elif doubted is not None and not suspicious and gap_in_wider(prober, doubted):  # float32 hides it in few of many
        entries = _found_in_wider(prober, doubted, effort.budget // 6)
        entries = entries if any(entry.verdict is Verdict.DISAGREES for entry in entries) else []
    elif suspicious:
        entries = measure_entries(prober, _sample(prober, min(64, effort.budget // (2 * _PER_ENTRY))), number)
    complete = len(entries) >= size * (2 if prober.x.dtype.kind == "c" else 1)
    kinked = worst.estimate.kind == "kink" or any(entry.verdict is Verdict.KINK for entry in entries)
    wrong = any(
        told.verdict is Verdict.DISAGREES for told in (worst.comparison, *(entry.comparison for entry in entries))
    )
    if kinked and not wrong:  # between two slopes a mistake may hide that is told beside them
        moved = moved_probes(prober, min(2, effort.probes))
    yield direction_finding(prober, probes, worst, entries, moved, complete, cost)
    if entries:
        yield entries_finding(prober, entries, complete, prober.evaluations - start - cost)


def _only_unsharp(entry: Entry) -> bool:
    """Whether an entry stays open without a gap that something else than its bar has to explain."""
    return entry.verdict is Verdict.INCONCLUSIVE and entry.comparison.reason != NARROW


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
        estimate = prober.probe(probe.number, v, most=BRIEF, enough=enough).estimate
        return estimate.gap, estimate.error

    location = locate(part, probe.v, probe.estimate.gap, probe.estimate.error, budget // 7)
    found = [index for index in location.indices if index not in known]
    return sample + measure_entries(prober, found, probe.number)


def _found_in_wider(prober: Prober, probe: Probe, budget: int) -> list[Entry]:
    """Return measured entries of a large float32 block that are wrong in float64 too, where they are few."""
    wide, number = prober.in_wider(probe.number), probe.number
    estimate = wide.probe(number, probe.v).estimate

    def part(v: Array, enough: float) -> tuple[float, float]:
        found = wide.probe(number, v, most=BRIEF, enough=enough).estimate
        return found.gap, found.error

    places = locate(part, probe.v, estimate.gap, estimate.error, budget // 7).indices
    return measure_entries(prober, places, number)


def _sample(prober: Prober, number: int) -> list[tuple[int, ...]]:
    """Choose entries of a large block: zeros first, where kinks sit, then at random."""
    rng = prober.trial.rng("sample", prober.name)
    order = rng.permutation(prober.x.size)
    zero = prober.x.ravel()[order] == 0
    order = np.concatenate([order[zero][: number // 2], order[~zero], order[zero][number // 2 :]])[:number]
    return [tuple(int(i) for i in np.unravel_index(flat, prober.x.shape)) for flat in order]
