"""Options that several commands share."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from gradcheck.config import Resolved, resolve
from gradcheck.errors import ConfigurationError

__all__ = ["NOTHING", "gating", "importable", "measuring", "outputs", "resolved", "showing"]

NOTHING = 5  # the exit code of a run that checked nothing

_MEASURING = (
    click.argument("targets", nargs=-1, metavar="[TARGET]..."),
    click.option(
        "--input",
        "inputs",
        multiple=True,
        metavar="NAME=SHAPE[:WORDS]",
        help="Check TARGET itself at inputs drawn as described, e.g. x=8x16, w=16x4:float32,positive; n==3 is a value.",
    ),
    click.option("--seed", type=click.IntRange(min=0), help="Of every random number.  [default: 0]"),
    click.option(
        "--effort", type=click.Choice(["quick", "standard", "thorough"]), help="How much to spend.  [default: standard]"
    ),
    click.option("--resolution", type=float, help="Largest relative error that an agreement may leave unseen."),
    click.option("--tolerance", type=float, help="Relative gap that is of no interest."),
    click.option(
        "--counterexample/--no-counterexample",
        default=None,
        help="Make each failure as small as it can be.  [default: only with --effort thorough]",
    ),
    click.option(
        "--only",
        multiple=True,
        metavar="PATTERN",
        help="Only these: a target, a layer, 'target:quantity' or 'layer:quantity'; * and ? are wild. Repeatable.",
    ),
)
_SHOWING = (
    click.option("--format", type=click.Choice(["full", "concise", "json"]), help="Of the output.  [default: full]"),
    click.option(
        "--report",
        multiple=True,
        metavar="KIND:PATH",
        help="Also write a report: json, html, markdown, junit, sarif, github or text, e.g. html:out.html. Repeatable.",
    ),
    click.option("-v", "--verbose", is_flag=True, help="Tell what each check cost."),
)
_GATING = (
    click.option(
        "--fail-on",
        type=click.Choice(["wrong", "inconclusive", "kink"]),
        help="The mildest verdict that counts as wrong.  [default: wrong]",
    ),
    click.option("--baseline", metavar="FILE", help="Accepted findings, each with a reason; the file may only shrink."),
    click.option("--baseline-update", is_flag=True, help="Take out of the baseline what no longer occurs, or make it."),
    click.option("--reason", metavar="TEXT", help="Why the findings of a new baseline are accepted."),
    click.option("--max-failures", type=click.IntRange(min=1), metavar="N", help="Stop after N wrong findings."),
    click.option("--time-budget", type=float, metavar="SECONDS", help="Stop after so long, and say what is left."),
    click.option(
        "--timeout", type=float, metavar="SECONDS", help="Give up on a target after so long; implies a worker."
    ),
    click.option("-j", "--jobs", metavar="N|auto", help="Worker processes; the findings are the same.  [default: 1]"),
    click.option("--backend", type=click.Choice(["loky", "dask", "ray"]), help="Where jobs run.  [default: loky]"),
    click.option("--scheduler", metavar="ADDRESS", help="Of dask, e.g. tcp://host:8786."),
)


def _adding(options: Sequence[Callable[..., Any]]) -> Callable[..., Any]:
    def add(function: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            function = option(function)
        return function

    return add


measuring = _adding(_MEASURING)
showing = _adding(_SHOWING)
gating = _adding(_GATING)


def resolved(given: dict[str, Any]) -> Resolved:
    """Return the configuration: what was given on the command line over the environment over the file."""
    inputs = given.pop("inputs", ())
    if inputs:
        if not given.get("targets"):
            raise ConfigurationError("Expected a TARGET beside --input, e.g. package.module:thing, but got none")
        # part of the name, so that workers, replays and the lines that reproduce a finding carry it too
        given["targets"] = tuple(" --input ".join((target, *inputs)) for target in given["targets"])
    told = {name: value for name, value in given.items() if value is not None and value != ()}
    if isinstance(told.get("jobs"), str) and told["jobs"] != "auto":
        if not told["jobs"].isdigit():
            raise ConfigurationError(f"Expected --jobs to be a number or auto but got {told['jobs']!r}")
        told["jobs"] = int(told["jobs"])
    return resolve(told, environment=os.environ, start=Path.cwd())


def importable(resolved: Resolved) -> None:
    """Make modules of the working directory and of the project importable, as `python -m` does."""
    for place in (resolved.root, Path.cwd()):
        if place is not None and str(place) not in sys.path:
            sys.path.insert(0, str(place))


def outputs(told: Sequence[str]) -> list[tuple[str, Path]]:
    """Return (kind, path) of each "KIND:PATH"."""
    from gradcheck.report.write import KINDS

    found: list[tuple[str, Path]] = []
    for text in told:
        kind, colon, path = text.partition(":")
        if not colon or not path or kind not in KINDS:
            raise ConfigurationError(
                f"Expected --report KIND:PATH with KIND one of {', '.join(KINDS)} but got {text!r}"
            )
        if Path(path).is_dir():
            raise ConfigurationError(f"{path} cannot be written: it is a directory")
        if any(Path(path) == other for _, other in found):
            raise ConfigurationError(f"Expected a path of its own for each --report but got {path!r} twice")
        found.append((kind, Path(path)))
    return found
