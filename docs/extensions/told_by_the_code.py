"""Directives filled when the pages are built: checks, patterns, verdicts and commands by the code, a table by data."""

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import click
from docutils import nodes
from docutils.parsers.rst import Directive

from gradcheck.commands import COMMANDS
from gradcheck.diagnosis.patterns import PATTERNS
from gradcheck.explain import checks_by_id, verdicts

sys.path.insert(0, str(Path(__file__).parents[1] / "figures"))

import calibration  # found by the path above


def told(topics: dict[str, str]) -> nodes.definition_list:
    """Return a list of words, each to be linked to, with what they mean."""
    items = []
    for word, text in topics.items():
        term = nodes.term("", "", nodes.literal(word, word), ids=[nodes.make_id(word)])
        body = [
            nodes.literal_block(part, part) if part.startswith(" ") else nodes.paragraph("", " ".join(part.split()))
            for part in text.split("\n\n")
        ]
        items.append(nodes.definition_list_item("", term, nodes.definition("", *body)))
    return nodes.definition_list("", *items)


class Checks(Directive):
    """Every check, from its docstring."""

    def run(self) -> list[nodes.Node]:
        """Return the list."""
        return [told(checks_by_id())]


class Verdicts(Directive):
    """Every verdict."""

    def run(self) -> list[nodes.Node]:
        """Return the list."""
        return [told(verdicts())]


class Patterns(Directive):
    """Every mistake that can be named."""

    def run(self) -> list[nodes.Node]:
        """Return the list."""
        return [told(PATTERNS)]


class Commands(Directive):
    """The help of every command."""

    def run(self) -> list[nodes.Node]:
        """Return one section a command."""
        sections = []
        for name in COMMANDS:
            command = getattr(import_module(f"gradcheck.commands.{name}"), name)
            context = click.Context(command, info_name=f"python -m gradcheck {name}", terminal_width=96)
            text = command.get_help(context)
            section = nodes.section("", nodes.title(name, name), nodes.literal_block(text, text), ids=[name])
            self.state.document.note_implicit_target(section, section)
            sections.append(section)
        return sections


class Calibration(Directive):
    """How error bars compare with true errors, by group of functions."""

    HEAD = ("precision", "functions", "drawn", "answered", "covered", "median, at most", "largest, at most")

    def run(self) -> list[nodes.Node]:
        """Return the table."""
        rows = calibration.table(json.loads(calibration.DATA.read_text("utf-8")))
        group = nodes.tgroup("", *(nodes.colspec(colwidth=1) for _ in self.HEAD), cols=len(self.HEAD))
        group += nodes.thead("", _row(self.HEAD))
        group += nodes.tbody("", *map(_row, rows))
        return [nodes.table("", group)]


def _row(cells: Any) -> nodes.row:
    return nodes.row("", *(nodes.entry("", nodes.paragraph("", cell)) for cell in cells))


def setup(app: Any) -> dict[str, bool]:
    """Add the directives."""
    for name, directive in (
        ("gradcheck-checks", Checks),
        ("gradcheck-verdicts", Verdicts),
        ("gradcheck-patterns", Patterns),
        ("gradcheck-commands", Commands),
        ("gradcheck-calibration", Calibration),
    ):
        app.add_directive(name, directive)
    return {"parallel_read_safe": True}
