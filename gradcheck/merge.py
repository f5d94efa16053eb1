"""Several reports as one: shards of an audit, or the workers of a test run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from gradcheck.compare import Verdict
from gradcheck.diagnosis.network import weigh
from gradcheck.errors import ConfigurationError
from gradcheck.report import Finding, Report

__all__ = ["Part", "joined", "merge"]


def merge(reports: Sequence[Report], names: Sequence[str]) -> Report:
    """Return one report of all findings, in the order given; what two shards agree on is counted once.

    Args:
        reports: at least one, of one seed and effort.
        names: what to call each in messages.
    Raises:
        ConfigurationError: seeds or efforts differ, or two reports contradict each other.
    """
    first = reports[0]
    for report, name in zip(reports[1:], names[1:], strict=True):
        for field in ("seed", "effort"):
            if getattr(report, field) != getattr(first, field):
                raise ConfigurationError(
                    f"Expected reports of one {field} but got {field}={getattr(first, field)!r} in {names[0]} and "
                    f"{getattr(report, field)!r} in {name}"
                )
    seen: dict[tuple[str, int], tuple[Finding, str]] = {}
    for report, name in zip(reports, names, strict=True):
        for key, finding in _keyed(report.findings):
            known, where = seen.setdefault(key, (finding, name))
            if known.verdict is not finding.verdict:
                raise ConfigurationError(
                    f"{finding.id} is {known.verdict} in {where} but {finding.verdict} in {name}: "
                    "shards of one audit agree; were they made from the same code?"
                )
    findings = [finding for finding, _ in seen.values()]
    reached = {finding.target for finding in findings}
    sources = tuple(dict.fromkeys(source for report in reports for source in report.sources))
    unchecked = tuple(dict.fromkeys(t for report in reports for t in report.unchecked if t not in reached))
    stopped = next((report.stopped for report in reports if report.stopped), "") if unchecked else ""
    return Report(
        tuple(findings),
        first.seed,
        first.effort,
        first.environment,
        sum(report.seconds for report in reports),
        stopped,
        unchecked,
        sources,
    )


@dataclass(frozen=True, slots=True)
class Part:
    """A report of a test run.

    Args:
        test: the test that made it; for one of a series the series: the test's name without target and check.
        report: what it found.
        series: which of the reports that a test makes, where each target and check is a test; None for other tests.
        place: of the test in its series.
    """

    test: str
    report: Report
    series: int | None = None
    place: int = 0


def joined(parts: Sequence[Part]) -> Report:
    """Return one report of all the reports of a test run; a target's name that occurs again is told with its test.

    The tests of a series are one report, in the order of their targets and checks whatever the order in which they
    ran, and what follows from a network's targets together is told again.

    Args:
        parts: seeds and efforts may differ from test to test, the first one's are shown.
    """
    groups: dict[tuple[str, int, bool], list[Part]] = {}
    for number, part in enumerate(parts):
        one = part.series is None
        groups.setdefault((part.test, number if part.series is None else part.series, one), []).append(part)
    findings: list[Finding] = []
    owners: dict[str, int] = {}
    for number, ((test, _, one), group) in enumerate(groups.items()):
        for finding in group[0].report.findings if one else _series(group):
            mine = owners.setdefault(finding.target, number) == number
            findings.append(finding if mine else replace(finding, target=f"{finding.target} ({test}, {number + 1})"))
    reports = [part.report for part in parts] or [Report(())]
    sources = tuple(dict.fromkeys(source for report in reports for source in report.sources))
    first = reports[0]
    seconds = sum(report.seconds for report in reports)
    return Report(tuple(findings), first.seed, first.effort, first.environment, seconds, sources=sources)


def _series(group: Sequence[Part]) -> tuple[Finding, ...]:
    """Return the findings of tests of one series; what stands in the way of several checks is told once."""
    told: dict[tuple[str, int], Finding] = {}
    for part in sorted(group, key=lambda part: part.place):
        for (id_, count), finding in _keyed(part.report.findings):
            if finding.verdict is Verdict.RAISED:  # the same exception, whichever check ran into it
                id_ = f"{finding.target}: {finding.message.removeprefix(finding.check)}"
            told.setdefault((id_, count), finding)
    return weigh(told.values(), apart=True)


def _keyed(findings: Iterable[Finding]) -> Iterator[tuple[tuple[str, int], Finding]]:
    """Number findings of one id: a check may have several answers about one quantity."""
    counts: dict[str, int] = {}
    for finding in findings:
        counts[finding.id] = counts.get(finding.id, 0) + 1
        yield (finding.id, counts[finding.id]), finding
