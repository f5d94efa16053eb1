"""The report as one page: self-contained, without scripts, asking nothing of any server."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import groupby
from typing import Any

import jinja2
from markupsafe import Markup, escape

from gradcheck.compare import Verdict
from gradcheck.report.finding import Finding
from gradcheck.report.heatmap import heatmap
from gradcheck.report.ledger import Ledger, ledger_of
from gradcheck.report.network import MARKERS, SIGNS, draw, networks_of
from gradcheck.report.plots import against_measured, against_step
from gradcheck.report.record import Report, SourceText
from gradcheck.report.rows import Row, headings_of, headline, network_of, rows_of
from gradcheck.report.terminal import facts
from gradcheck.report.text import number, plural, printable, relative

__all__ = ["embed", "render"]

_SECTIONS = 60  # failing quantities shown in full; a page with more of them is read by nobody
_CAUSES = 5  # told at the head of the page


@dataclass(frozen=True, slots=True)
class _Section:
    """A failing quantity in full."""

    row: Row
    anchor: str
    facts: tuple[tuple[str, str], ...]
    pictures: tuple[tuple[str, Markup, str], ...]
    source: SourceText | None


def render(report: Report) -> str:
    """Return the page."""
    rows = rows_of(report)
    bad = [row for row in rows if _wrong(row)]
    bad.sort(key=lambda row: (not row.summary, not row.red, row.cause != "culprit", row.cause == "contaminated"))
    sections = tuple(_sections(report, bad[:_SECTIONS]))
    anchors = {id(section.row): section.anchor for section in sections}
    touched = {_group(row) for row in bad}
    networks = networks_of(report)
    ledger: Ledger = ledger_of(report)
    return _template().render(
        report=report,
        headline=headline(report),
        state="good" if report.exit_code == 0 else "open" if report.exit_code == 4 else "bad",
        first=_grouped(row for row in rows if _first(row, touched)),
        rest=_grouped(row for row in rows if not _first(row, touched)),
        folded=sum(not _first(row, touched) for row in rows),
        sections=sections,
        causes=[section for section in sections if section.row.red and section.row.cause == "culprit"][:_CAUSES],
        hidden=len(bad) - len(sections),
        anchors=anchors,
        networks=[(n, draw(n)) for n in networks if n.red],
        sound=[(n, draw(n)) for n in networks if not n.red],
        ledger=ledger,
        markers=MARKERS,
        style=Markup(_resource("report.css")),
        ident=id,
        signs=SIGNS,
        verdicts=list(Verdict),
    )


# The page follows the scheme of its frame: that of the theme of JupyterLab, VS Code or Colab, not the system's.
_THEMES = {
    "dark": '[data-jp-theme-light="false"], [data-vscode-theme-kind$="dark"], [theme="dark"]',
    "light": '[data-jp-theme-light="true"], [data-vscode-theme-kind$="light"], [theme="light"]',
}
_HIGHEST = 640  # px


def embed(report: Report) -> str:
    """Return the page in a frame of its own, for a notebook's output cell.

    Its height is that of what the page opens with; there are no scripts to measure it, and it can be drawn larger.
    """
    page = render(report).replace("<head>", '<head>\n<base href="about:srcdoc">', 1)  # else #links lead to the notebook
    height = _HIGHEST if report.failures else min(_HIGHEST, 450 + 37 * len(rows_of(report)))
    themes = " ".join(f":is({places}) .gradcheck-report {{ color-scheme: {word} }}" for word, places in _THEMES.items())
    look = "box-sizing:border-box;width:100%;border:1px solid #8888;border-radius:4px;resize:vertical;overflow:auto"
    return (
        f'<style>{themes}</style><iframe class="gradcheck-report" srcdoc="{escape(page)}" title="gradcheck report" '
        f'style="{look};height:{height}px" sandbox></iframe>'
    )


def _first(row: Row, touched: set[str]) -> bool:
    """Whether a row stands in the table at the head: all layers of what failed, and whatever else is not right."""
    return _wrong(row) or (_group(row) in touched and row.finding.role == "local")


def _wrong(row: Row) -> bool:
    return row.verdict.wrong or row.verdict is Verdict.INCONCLUSIVE


def _grouped(rows: Iterable[Row]) -> list[tuple[str, list[tuple[str, Row]]]]:
    """Return (what the rows stand under, (layer, row) of each), in their order."""
    labelled = ((headings_of(row), row) for row in rows)
    return [
        (": ".join(heading), [(path[-1], row) for path, row in found])
        for heading, found in groupby(labelled, key=lambda each: each[0][:-1])
    ]


def _group(row: Row) -> str:
    return network_of(row.finding) or row.target


def _sections(report: Report, rows: list[Row]) -> Iterator[_Section]:
    texts = {(source.file, source.line): source for source in report.sources}
    for i, row in enumerate(rows):
        finding = row.finding
        source = texts.get(finding.source) if finding.source else None
        told = tuple((name, value) for name, value in facts(finding) if name != "reproduce")
        yield _Section(row, f"finding-{i + 1}", told, tuple(_pictures(row)), source)


def _pictures(row: Row) -> Iterator[tuple[str, Markup, str]]:
    """Yield (title, picture, caption); what the deciding finding has not, another of the row may have."""
    candidates = [row.finding, *(f for f in row.findings if f is not row.finding)]
    for title, make in (
        ("Where", heatmap),
        ("Gap against step", against_step),
        ("Claimed against measured", against_measured),
    ):
        for finding in candidates:
            made = make(finding)
            if made is not None:
                yield title, *made
                break


def _resource(name: str) -> str:
    return (files("gradcheck.report") / "templates" / name).read_text("utf-8")


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=_clean
    )
    environment.filters.update(
        number=number,
        relative=relative,
        plural=lambda count, word: plural(count, word),
        ratio=_ratio,
        where=_where,
        short=_short,
    )
    return environment.from_string(_resource("report.html.jinja"))


def _clean(value: Any) -> Any:
    """Spell out control characters in whatever text reaches the page."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return printable(value.expandtabs())
    return value


def _ratio(finding: Finding | None) -> str:
    """Return the gap in units of what is allowed."""
    if finding is None or finding.gap is None or finding.allowed is None or finding.verdict is Verdict.KINK:
        return ""
    if finding.allowed == 0:
        return "exact" if finding.gap == 0 else "inf ×"
    return f"{number(abs(finding.gap) / finding.allowed)} ×"


def _short(place: str) -> str:
    """Return the end of a path from outside the project, which has no room in a table."""
    parts = place.split("/")
    return f"…/{'/'.join(parts[-2:])}" if place.startswith("/") and len(parts) > 3 else place


def _where(finding: Finding) -> str:
    return "" if finding.source is None else f"{finding.source[0]}:{finding.source[1]}"
