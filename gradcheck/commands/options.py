"""Options that several commands share."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from gradcheck.config import Resolved, resolve

__all__ = ["measuring", "resolved"]

_OPTIONS = (
    click.argument("targets", nargs=-1, metavar="[TARGET]..."),
    click.option("--seed", type=click.IntRange(min=0), help="Of every random number.  [default: 0]"),
    click.option(
        "--effort", type=click.Choice(["quick", "standard", "thorough"]), help="How much to spend.  [default: standard]"
    ),
    click.option("--resolution", type=float, help="Largest relative error that an agreement may leave unseen."),
    click.option("--tolerance", type=float, help="Relative gap that is of no interest."),
    click.option(
        "--only",
        multiple=True,
        metavar="PATTERN",
        help="Only these: a target, a layer, 'target:quantity' or 'layer:quantity'; * and ? are wild. Repeatable.",
    ),
)


def measuring(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say what to measure and how hard."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def resolved(given: dict[str, Any]) -> Resolved:
    """Return the configuration: what was given on the command line over the environment over the file."""
    told = {name: value for name, value in given.items() if value is not None and value != ()}
    return resolve(told, environment=os.environ, start=Path.cwd())
