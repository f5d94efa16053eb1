"""What was looked at and what was not: targets against checks, so that green cannot hide a gap."""

from __future__ import annotations

from dataclasses import dataclass

from gradcheck.compare import Verdict
from gradcheck.report.record import Report

__all__ = ["Ledger", "ledger_of"]


@dataclass(frozen=True, slots=True)
class Ledger:
    """Which check looked at which target.

    Args:
        checks: ids, in the order in which they are asked.
        lines: (target, worst verdict of each check or None where it did not look).
    """

    checks: tuple[str, ...]
    lines: tuple[tuple[str, tuple[Verdict | None, ...]], ...]


def ledger_of(report: Report) -> Ledger:
    """Return the ledger of a report."""
    checks: dict[str, None] = {}
    cells: dict[str, dict[str, Verdict]] = {}
    for finding in report.findings:
        checks.setdefault(finding.check)
        line = cells.setdefault(finding.target, {})
        known = line.get(finding.check, finding.verdict)
        line[finding.check] = max(known, finding.verdict, key=lambda verdict: verdict.severity)
    return Ledger(tuple(checks), tuple((t, tuple(line.get(c) for c in checks)) for t, line in cells.items()))
