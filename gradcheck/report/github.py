"""The report as GitHub's workflow commands: annotations at the lines of a pull request."""

from __future__ import annotations

from gradcheck.compare import Verdict
from gradcheck.report.record import Report
from gradcheck.report.rows import Row, headline, rows_of
from gradcheck.report.text import plural, printable

__all__ = ["WORST", "render"]

WORST = 10  # annotations of a kind that GitHub shows from one step; more are dropped without a word


def render(report: Report) -> str:
    """Return one command a line: the worst rows as errors or warnings, the rest counted, then the verdict."""
    rows = [row for row in rows_of(report) if (row.verdict.wrong or _open(row)) and not row.finding.accepted]
    rows.sort(key=lambda row: (row.cause == "contaminated", -row.verdict.severity))
    lines = [_annotation(row) for row in rows[: WORST - 1 if len(rows) > WORST else WORST]]
    if len(rows) > WORST:
        left = plural(len(rows) - len(lines), "more row")
        lines.append(f"::error title=gradcheck::{_message(left + ' are not as they should be; see the report')}")
    kind = "notice" if report.exit_code == 0 else "error" if report.exit_code in (1, 5) else "warning"
    lines.append(f"::{kind} title=gradcheck::{_message(headline(report))}")
    return "\n".join(lines) + "\n"


def _open(row: Row) -> bool:
    return row.verdict is Verdict.INCONCLUSIVE


def _annotation(row: Row) -> str:
    finding = row.finding
    title = f"{row.label}: {row.wrt}" if row.wrt else row.label
    fields = {"title": f"{title} {row.verdict}"}
    if finding.source is not None and not finding.source[0].startswith("/"):
        fields = {"file": finding.source[0], "line": str(finding.source[1]), **fields}
    told = finding.message or finding.reason
    if finding.reproduce:
        told += f"\n{finding.reproduce}"
    kind = "error" if row.verdict.wrong else "warning"
    return f"::{kind} {','.join(f'{name}={_property(value)}' for name, value in fields.items())}::{_message(told)}"


def _message(text: str) -> str:
    """Escape as the runner unescapes; a line break stays one, other control characters are spelt out."""
    kept = "\n".join(printable(line) for line in text.split("\n"))
    return kept.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(printable(text)).replace(":", "%3A").replace(",", "%2C")
