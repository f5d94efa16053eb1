"""The report for a terminal or a pipe: rows, then failures in full, then the verdict."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from gradcheck.compare import Verdict
from gradcheck.report.finding import Finding
from gradcheck.report.record import Report
from gradcheck.report.rows import Row, headings_of, headline, rows_of
from gradcheck.report.text import number, pair, plural, printable, relative, signed

__all__ = ["brief", "details", "overview", "render", "section", "verdict_line"]

STYLES = {
    Verdict.AGREES: "green",
    Verdict.KINK: "cyan",
    Verdict.INCONCLUSIVE: "yellow",
    Verdict.DISAGREES: "bold red",
    Verdict.MALFORMED: "bold magenta",
    Verdict.RAISED: "bold magenta",
}
_SHORT = {Verdict.AGREES: "agrees", Verdict.KINK: "kink", Verdict.INCONCLUSIVE: "inconclusive"}  # failures shout
_OPEN = Verdict.INCONCLUSIVE
_WIDE = 88  # from here on the cause and the cost have columns of their own


def render(report: Report, *, width: int = 100, color: bool = False, concise: bool = False, costs: bool = False) -> str:
    """Return the whole view as text.

    Args:
        report: what to show.
        width: columns; names are folded to fit, numbers never.
        color: with ANSI colours.
        concise: leave out rows that are as they should be.
        costs: with a column of forward evaluations.
    """
    return _printed(view(report, width=width, concise=concise, costs=costs), width=width, color=color)


def _printed(parts: Iterable[RenderableType], *, width: int, color: bool) -> str:
    console = Console(
        file=io.StringIO(), width=width, force_terminal=color, no_color=not color, highlight=False, legacy_windows=False
    )
    with console.capture() as captured:
        for part in parts:
            console.print(part, soft_wrap=isinstance(part, Text) and bool(part.no_wrap))  # code is not folded
    return "\n".join(line.rstrip() for line in captured.get().splitlines()) + "\n"


def view(report: Report, *, width: int, concise: bool = False, costs: bool = False) -> Iterator[RenderableType]:
    """Yield the table, the failures and the verdict."""
    rows = rows_of(report)
    shown = [row for row in rows if not concise or row.red or row.verdict is Verdict.INCONCLUSIVE]
    if shown:
        yield overview(shown, width=width, costs=costs)
    bad = [row for row in rows if (row.verdict.wrong or row.verdict is _OPEN) and not row.finding.accepted]
    for summary in (row for row in bad if row.summary):
        yield details(summary)
        yield Padding(_members(row for row in bad if row.finding.part_of == summary.finding.id), (0, 0, 0, 2))
    told = {row.finding.id for row in bad if row.summary}
    for row in bad:
        if row.cause != "contaminated" and not row.summary and row.finding.part_of not in told:
            yield details(row)
            if row.counterexample is not None:
                yield Text.assemble("\n  ", ("counterexample ", "dim"), row.counterexample.told, "\n")
                # whole lines from the first column on, so that it can be copied and run
                yield Text("\n".join(row.counterexample.lines), no_wrap=True)
    heirs = [row for row in bad if row.cause == "contaminated"]
    if heirs:
        yield _listed("wrong only through a culprit: ", heirs)
    yield verdict_line(report)


def section(report: Report, *, width: int, color: bool = False, every: bool = False) -> str:
    """Return the end of a test run: the worst row of each layer (or every row), and the verdict.

    Args:
        report: of the whole run.
        width: columns.
        color: with ANSI colours.
        every: all rows.
    """
    rows = rows_of(report)
    worst: dict[str, Row] = {}
    for row in rows:
        known = worst.setdefault(row.label, row)
        if (row.verdict.severity, row.resolution or 0.0) > (known.verdict.severity, known.resolution or 0.0):
            worst[row.label] = row
    shown = list(rows) if every else list(worst.values())
    return _printed([overview(shown, width=width), verdict_line(report)], width=width, color=color)


def brief(report: Report, *, lines: int = 8) -> str:
    """Return a failure in a few lines: the verdict, the worst rows, how to reproduce the worst.

    Args:
        report: with something wrong or open.
        lines: at most so many.
    """
    bad = [row for row in rows_of(report) if (row.verdict.wrong or row.verdict is _OPEN) and not row.finding.accepted]
    bad.sort(key=lambda row: (row.cause == "contaminated", -row.verdict.severity))
    tail = (
        [f"{word}: {value}" for word, value in facts(bad[0].finding) if word in ("reproduce", "source")] if bad else []
    )
    room = lines - 1 - len(tail)
    shown = bad if len(bad) <= room else bad[: room - 1]
    told = [f"  {_told(row)}" for row in shown]
    if len(shown) < len(bad):
        told.append(f"  and {plural(len(bad) - len(shown), 'more row')}")
    return "\n".join([headline(report), *told, *tail])


def _told(row: Row) -> str:
    finding = row.finding
    name = f"{row.label}: {row.wrt}" if row.wrt else row.label
    words = [printable(name), str(row.verdict), f"[{finding.check}]"]
    if finding.measured is not None:
        claimed, measured = pair(finding.claimed, finding.measured)
        words.append(f"{place(finding)} claimed {claimed}, measured {measured} ± {number(finding.error)}")
        words += [f"({finding.pattern})"] if finding.pattern else []
    else:
        words.append(printable(finding.message))
    return " ".join(words)


def overview(rows: list[Row], *, width: int, costs: bool = False) -> Table:
    """Return the table: one row a layer and quantity."""
    wide = width >= _WIDE
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1), header_style="bold", show_edge=False)
    table.add_column("layer", overflow="fold", ratio=None)
    table.add_column("wrt", overflow="fold")
    table.add_column("verdict", no_wrap=True)
    for name in ("gap", "allowed", "sees", *(("evals",) if costs else ())):
        table.add_column(name, justify="right", no_wrap=True)
    if wide:
        table.add_column("", overflow="fold")
    previous: tuple[str, ...] = ()
    for row in rows:
        headings = headings_of(row)
        for depth, heading in enumerate(headings[:-1]):
            if previous[: depth + 1] != headings[: depth + 1]:
                table.add_row(Text("  " * depth + printable(heading), style="bold"))
        label = "" if headings == previous and row.wrt else "  " * (len(headings) - 1) + headings[-1]
        previous = headings
        style = STYLES[row.verdict]
        verdict = Text(_SHORT.get(row.verdict, row.verdict.value), style="dim" if row.finding.accepted else style)
        cells = [Text(printable(label)), Text(printable(row.wrt)), verdict, *_numbers(row)]
        cells += [Text(str(row.evaluations))] if costs else []
        table.add_row(*cells, *([Text(_note(row))] if wide else []))
    return table


def _numbers(row: Row) -> list[Text]:
    if row.measured is None:
        return [Text(""), Text(""), Text("")]
    gap = row.measured.gap
    return [
        Text(number(None if gap is None else abs(gap))),
        Text(number(row.measured.allowed)),
        Text(relative(row.resolution)),
    ]


def _note(row: Row) -> str:
    finding = row.finding
    if finding.accepted:
        return f"accepted: {printable(finding.accepted)}"
    if row.verdict is Verdict.KINK and finding.worst is not None:
        return f"kink at {place(finding)}"
    if row.cause == "contaminated":
        return "through a culprit"
    if row.summary:
        return "tells of the culprits above together"
    if row.cause == "culprit":
        return f"culprit: {finding.pattern}" if finding.pattern else "culprit"
    if finding.of_the_audit and finding.verdict.wrong:
        return "the audit itself"
    if row.verdict is Verdict.INCONCLUSIVE:
        return printable(finding.reason.split(":")[0])
    if finding.check.startswith("audit.") or finding.note:
        return printable(finding.note or finding.message)
    return "" if row.measured is not None else "no derivative measured"


def place(finding: Finding) -> str:
    """Return "W[2, 1]" of a finding, or "W" where no entry is known."""
    index = "" if not finding.worst else f"[{', '.join(map(str, finding.worst))}]"
    return printable(finding.wrt) + index


def _members(rows: Iterable[Row]) -> RenderableType:
    """Return the rows that a summary tells of, one a line."""
    table = Table.grid(padding=(0, 1))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for i, row in enumerate(rows):
        table.add_row("these" if i == 0 else "", Text(_told(row)))
    return table


def _listed(head: str, rows: list[Row]) -> RenderableType:
    """Return rows that need no telling of their own, by name."""
    names = ", ".join(printable(f"{row.label}: {row.wrt}" if row.wrt else row.label) for row in rows)
    return Text.assemble("\n", (head, "dim"), names)


def details(row: Row) -> RenderableType:
    """Return everything known of one failing row."""
    finding = row.finding
    head = Text()
    head.append(printable(f"{row.label}: {row.wrt}" if row.wrt else row.label), style="bold")
    head.append(f"  {row.verdict}", style=STYLES[row.verdict])
    head.append(f"  [{finding.check}]", style="dim")
    body = Table.grid(padding=(0, 1))
    body.add_column(style="dim", no_wrap=True)
    body.add_column(overflow="fold")
    for name, value in facts(finding):
        body.add_row(name, Text(value))
    return Group(Text(), head, Padding(body, (0, 0, 0, 2)))


def facts(finding: Finding) -> Iterator[tuple[str, str]]:
    """Yield (word, text) of what a failing finding knows, in reading order."""
    told = list(_lines(finding.message))
    yield from told
    claimed, measured = pair(finding.claimed, finding.measured)
    if finding.measured is not None and not any(c in finding.message for c in (claimed, signed(finding.claimed))):
        where = place(finding) if finding.worst is not None else f"along a direction of {printable(finding.wrt)}"
        bar = f"± {number(finding.error)}"
        many = ""
        if finding.wrong is not None and finding.entries:
            many = f"   ({finding.wrong} of {plural(finding.entries, 'entry')})"
        yield "worst", f"{where}   claimed {claimed}   measured {measured} {bar}{many}"
    if finding.pattern and "pattern" not in dict(told):
        yield "pattern", printable(finding.pattern)
    if finding.reason and finding.reason not in finding.message:
        yield "reason", printable(finding.reason)
    if finding.reproduce:
        yield "reproduce", printable(finding.reproduce)
    if finding.source:
        yield "source", printable(f"{finding.source[0]}:{finding.source[1]}")


_WORDS = ("pattern", "evidence", "steps", "hint", "note")


def _lines(message: str) -> Iterator[tuple[str, str]]:
    """Yield (word, text) of a message: what is wrong first, then lines that open with a word of their own."""
    for i, line in enumerate(message.split("\n") if message else ()):
        word, colon, rest = line.partition(": ")
        if i and colon and word in _WORDS:
            yield word, printable(rest)
        else:
            yield "what" if i == 0 else "", printable(line.strip())


def verdict_line(report: Report) -> RenderableType:
    """Return the last line."""
    style = "bold green" if report.exit_code == 0 else "bold yellow" if report.exit_code == 4 else "bold red"
    return Text.assemble("\n", (printable(headline(report)), style), f"  ({report.seconds:.1f} s)")
