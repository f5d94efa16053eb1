"""The report for a pull request: a table and the failures, below what a comment or step summary may hold."""

from __future__ import annotations

import re
from collections.abc import Iterable

from gradcheck.compare import Verdict
from gradcheck.report.record import Report
from gradcheck.report.rows import Row, headline, rows_of
from gradcheck.report.terminal import facts
from gradcheck.report.text import number, plural, printable, relative

__all__ = ["LIMIT", "render"]

LIMIT = 1 << 20  # bytes; what $GITHUB_STEP_SUMMARY takes from one step


def render(report: Report, *, limit: int = LIMIT) -> str:
    """Return the report as GitHub-flavoured Markdown of less than `limit` bytes."""
    rows = rows_of(report)
    order = sorted(
        rows, key=lambda row: (not row.red, row.cause == "contaminated", row.verdict is not Verdict.INCONCLUSIVE)
    )
    bad = [row for row in order if _bad(row)]
    mark = "✅" if report.exit_code == 0 else "⚠️" if report.exit_code == 4 else "❌"
    head = f"## {mark} {_text(headline(report))}\n\ngradcheck, seed {report.seed}, effort {report.effort}\n\n"
    columns = "| layer | wrt | verdict | gap | allowed | would see | likely mistake |\n|---|---|---|--:|--:|--:|---|\n"
    budget = max(0, limit - len((head + columns).encode()) - 1024) // 2
    table, left = _within(map(_line, bad), budget)
    sound = [row for row in rows if not _bad(row)]
    more, hidden = _within(map(_line, sound), max(0, budget - len(table.encode())))
    parts = [head]
    if table:
        parts.append(columns + table + _missing(left))
    details, dropped = _within(map(_failure, bad), budget)
    parts.append(details + _missing(dropped))
    if more:
        summary = f"<details><summary>{plural(len(sound), 'row')} as they should be</summary>"
        parts.append(f"\n{summary}\n\n{columns}{more}{_missing(hidden)}\n</details>\n")
    return "".join(parts)


def _bad(row: Row) -> bool:
    return row.verdict.wrong or row.verdict is Verdict.INCONCLUSIVE


def _within(lines: Iterable[str], limit: int) -> tuple[str, int]:
    """Return as many lines as fit, and how many do not."""
    kept: list[str] = []
    size = left = 0
    for line in lines:
        size += len(line.encode())
        if size > limit:
            left += 1
        else:
            kept.append(line)
    return "".join(kept), left


def _missing(count: int) -> str:
    return f"\n{plural(count, 'more row')} of this kind did not fit; see the JSON report.\n" if count else ""


def _line(row: Row) -> str:
    gap = allowed = seen = ""
    if row.measured is not None:
        gap = number(None if row.measured.gap is None else abs(row.measured.gap))
        allowed, seen = number(row.measured.allowed), relative(row.resolution)
    finding = row.finding
    note = f"accepted: {finding.accepted}" if finding.accepted else finding.pattern or ""
    verdict = f"**{row.verdict}**" if row.verdict.wrong else str(row.verdict)
    cause = f" ({row.cause})" if row.cause else ""
    cells = (_text(row.label), _text(row.wrt), verdict + cause, gap, allowed, seen, _text(note))
    return f"| {' | '.join(cells)} |\n"


def _failure(row: Row) -> str:
    title = f"{row.label}: {row.wrt}" if row.wrt else row.label
    lines = [f"\n### {_text(title)}\n\n{row.verdict}, `{row.finding.check}`\n\n"]
    for name, value in facts(row.finding):
        lines.append(f"- {name}: {_code(value) if name in ('reproduce', 'source') else _text(value)}\n")
    if row.counterexample is not None:
        code = "\n".join(row.counterexample.lines)
        fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", code)), default=0))
        lines.append(f"\n{_text(row.counterexample.told)}\n\n{fence}python\n{code}\n{fence}\n")
    return "".join(lines)


def _text(text: str) -> str:
    """Return text that Markdown and HTML leave alone, and that mentions nobody."""
    escaped = re.sub(r"([\\`*_{}\[\]()#+!|~>-])", r"\\\1", printable(text).replace("&", "&amp;"))
    return escaped.replace("<", "&lt;").replace("@", "&#64;")


def _code(text: str) -> str:
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    pad = " " if "`" in text else ""
    return f"{fence}{pad}{printable(text).replace('|', chr(92) + '|')}{pad}{fence}"
