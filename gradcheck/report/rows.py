"""A report in rows: one a layer and quantity, what every view shows first."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite, isnan
from typing import Literal

from gradcheck.compare import Verdict
from gradcheck.report.counterexample import Counterexample
from gradcheck.report.finding import Finding
from gradcheck.report.record import Report
from gradcheck.report.text import plural, relative

__all__ = ["SUMMARY", "Row", "headings_of", "headline", "network_of", "rows_of"]

Cause = Literal["", "culprit", "contaminated"]
SUMMARY = "model.split"  # the check whose findings tell of several others as one mistake


@dataclass(frozen=True, slots=True)
class Row:
    """Everything that was asked about one quantity of one target.

    Args:
        target: name of the target.
        layer: label of the layer that owns the quantity.
        wrt: the quantity; "" for what concerns the target as a whole.
        finding: the one that decides the verdict, the worst.
        measured: the one whose numbers are shown, None where nothing was measured.
        resolution: the coarsest of the measurements.
        findings: all of them.
        cause: "culprit", "contaminated", or "" where no derivative is wrong.
    """

    target: str
    layer: str
    wrt: str
    finding: Finding
    measured: Finding | None
    resolution: float | None
    findings: tuple[Finding, ...]
    cause: Cause

    @property
    def verdict(self) -> Verdict:
        """The worst verdict of the row."""
        return self.finding.verdict

    @property
    def red(self) -> bool:
        """Whether something is wrong here and nobody has accepted it."""
        return self.verdict.wrong and not self.finding.accepted and not self.summary

    @property
    def summary(self) -> bool:
        """Whether it tells of other rows as one mistake."""
        return self.finding.check == SUMMARY

    @property
    def label(self) -> str:
        """What the row is about: the target, and the layer where a target holds several."""
        if self.finding.check.startswith("audit."):
            return self.layer
        return self.target if self.finding.role == "local" or not self.wrt else f"{self.target}: {self.layer}"

    @property
    def counterexample(self) -> Counterexample | None:
        """The smallest case of the finding that decides, else of another of the row."""
        told = (finding.counterexample for finding in (self.finding, *self.findings))
        return next((each for each in told if each is not None), None)

    @property
    def evaluations(self) -> int:
        """Forward evaluations that the row cost."""
        return sum(finding.evaluations for finding in self.findings)


def rows_of(report: Report) -> tuple[Row, ...]:
    """Return the rows in the order of targets; a target's own failures stand before its quantities."""
    groups: dict[tuple[str, str, str], list[Finding]] = {}
    quantified = {finding.target for finding in report.findings if finding.wrt}
    for finding in report.findings:
        if finding.wrt or finding.verdict.severity >= 2 or finding.target not in quantified:
            groups.setdefault((finding.target, finding.layer, finding.wrt), []).append(finding)
    order = {target: i for i, target in reversed(list(enumerate(f.target for f in report.findings)))}
    rows = [_row(key, found) for key, found in groups.items()]
    return tuple(sorted(rows, key=lambda row: (order[row.target], row.wrt != "")))


def _row(key: tuple[str, str, str], found: list[Finding]) -> Row:
    finding = max(found, key=lambda f: (f.verdict.wrong and not f.accepted, f.verdict.severity, f.worst is not None))
    numbers = [f for f in found if f.measured is not None]
    measured = finding if finding in numbers else max(numbers, key=_ratio, default=None)
    seen = [f.resolution for f in numbers if f.resolution is not None]
    if finding.verdict is Verdict.KINK:  # no direction resolves a kink; the entries around it are resolved
        seen = [r for r in seen if isfinite(r)]
    cause: Cause = ""
    if finding.verdict.wrong and finding.check != SUMMARY and not finding.of_the_audit:
        own = finding.role == "local" or (finding.layer == "wiring" and not finding.part_of)
        cause = "culprit" if own else "contaminated"
    return Row(*key, finding, measured, max(seen, default=None), tuple(found), cause)


def _ratio(finding: Finding) -> float:
    """Return the gap over what is allowed, NaN counting as the worst."""
    gap, allowed = finding.gap, finding.allowed
    if gap is None or allowed is None:
        return 0.0
    ratio = abs(gap) / allowed if allowed > 0 else (inf if gap else 0.0)
    return inf if isnan(ratio) else ratio


def network_of(finding: Finding) -> str:
    """Return the network that a finding belongs to, "Model" of "Model/0 Dense"; "" for a target on its own."""
    name, slash, last = finding.target.rpartition("/")
    return name if slash and (finding.role != "local" or last == finding.layer) else ""


def headings_of(row: Row) -> tuple[str, ...]:
    """Return what a row stands under, outermost first: network, "end to end", layer."""
    network = network_of(row.finding)
    if not network:
        return (row.label,)
    last = row.target.rpartition("/")[2]
    return (network, row.layer) if row.finding.role == "local" else (network, last, row.layer)


def _named(row: Row, several: bool) -> str:
    place = row.label if several else row.layer
    return f"{place}: {row.wrt}" if row.wrt else place


def headline(report: Report) -> str:
    """Return the verdict of a report in one line."""
    rows = rows_of(report)
    stopped = f"; stopped before {plural(len(report.unchecked), 'target')}: {report.stopped}" if report.stopped else ""
    summaries = [row for row in rows if row.summary and not row.finding.accepted]
    rows = tuple(row for row in rows if not row.summary)
    red = [row for row in rows if row.red]
    open_ = [row for row in rows if row.verdict is Verdict.INCONCLUSIVE and not row.finding.accepted]
    accepted = sum(1 for row in rows if row.finding.accepted)
    known = f", {accepted} accepted" if accepted else ""
    if not rows:
        return f"NOTHING CHECKED: {stopped[2:] or 'no targets'}"
    if red:
        causes = [row for row in red if row.cause == "culprit"]
        several = len({network_of(row.finding) for row in rows}) > 1
        names = ", ".join(dict.fromkeys(_named(row, several) for row in causes[:3]))
        more = f" and {len(causes) - 3} more" if len(causes) > 3 else ""
        verb = "is" if len(causes) == 1 else "are"
        idle = [row.label for row in red if row.finding.of_the_audit]
        cause = f", {len(causes)} {verb} the cause ({names}{more})" if causes else ""
        if not causes and len(idle) < len(red):
            cause = ", and no layer's own: the wiring"
        if idle:
            others = f" and {len(idle) - 3} more" if len(idle) > 3 else ""
            concern = "concerns" if len(idle) == 1 else "concern"
            cause += f", {len(idle)} {concern} the audit itself ({', '.join(idle[:3])}{others})"
        are = "is" if len(red) == 1 else "are"
        split = f"; {plural(len(summaries), 'network')} with a split convention" if summaries else ""
        return f"WRONG: {len(red)} of {plural(len(rows), 'row')} {are} red{cause}{split}{known}{stopped}"
    if open_:
        return f"INCONCLUSIVE: {len(open_)} of {plural(len(rows), 'row')} could not be verified{known}{stopped}"
    kinks = sum(row.verdict is Verdict.KINK for row in rows)
    resolutions = [r for row in rows if (r := row.resolution) is not None and isfinite(r)]
    sharp, faint = max((r for r in resolutions if r < 1), default=None), sum(r >= 1 for r in resolutions)
    seen = f"; the least sharp would have seen a relative error of {relative(sharp)}" if sharp is not None else ""
    at_kinks = f", {kinks} of them at kinks" if kinks else ""
    unseen = f", {faint} of them with a gradient too faint for the outputs to show" if faint else ""
    word = "INCOMPLETE" if report.stopped else "VERIFIED"
    agree = "agrees" if len(rows) == 1 else "agree"
    return f"{word}: {plural(len(rows), 'row')} {agree}{at_kinks}{unseen}{known}{seen}{stopped}"
