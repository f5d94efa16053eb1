"""`gradcheck list`."""

from __future__ import annotations

import contextlib
import sys
from typing import Any

import click

from gradcheck.commands import COMMANDS
from gradcheck.commands.options import NOTHING, importable, resolved

__all__ = ["list"]


@click.command(name="list", short_help="Show targets and their quantities without checking them.")
@click.argument("targets", nargs=-1, metavar="[TARGET]...")
@click.option("--only", multiple=True, metavar="PATTERN", help="As in audit.")
def list(**given: Any) -> int:
    """Show targets and their quantities, as `--only` takes them, without checking them."""
    from gradcheck.discover import discover
    from gradcheck.report.text import printable
    from gradcheck.select import select

    found = resolved(given)
    importable(found)
    with contextlib.redirect_stdout(sys.stderr):
        items = discover(found.config.targets, words=COMMANDS).items
    chosen = [target for item in items if (target := select(item.target, found.config.only)) is not None]
    for target in chosen:
        for name in target.point.blocks:
            if target.wrt is None or name in target.wrt:
                layer, quantity = target.owner(name)
                place = quantity if target.role == "local" else f"{layer}.{quantity}"
                shape = "×".join(map(str, target.point[name].shape)) or "scalar"
                click.echo(f"{printable(f'{target.name}:{place}')}  {shape} {target.point[name].dtype}")
    return 0 if chosen else NOTHING
