"""`gradcheck selftest`."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from itertools import count
from typing import TYPE_CHECKING, Any

import click

from gradcheck.commands import COMMANDS
from gradcheck.commands.options import importable, resolved

if TYPE_CHECKING:
    from gradcheck.selftest import Selftest
    from gradcheck.target import Target

__all__ = ["selftest"]

_DEFAULT = "netcore"  # right layers that come with gradcheck


@click.command(short_help="Plant known mistakes in right targets, and tell which are caught.")
@click.argument("targets", nargs=-1, metavar="[TARGET]...")
@click.option("--seed", type=click.IntRange(min=0), help="Of every random number.  [default: 0]")
@click.option("--effort", type=click.Choice(["quick", "standard", "thorough"]), help="As in audit.")
@click.option("--resolution", type=float, help="As in audit; mistakes of this size have to be caught.")
@click.option("--only", multiple=True, metavar="PATTERN", help="As in audit.")
@click.option("--most", type=click.IntRange(min=1), default=120, show_default=True, help="Mistakes to plant, about.")
@click.option("--all", "whole", is_flag=True, help="Plant every mistake in every target.")
@click.option("--format", "kind", type=click.Choice(["full", "json"]), default="full", show_default=True)
def selftest(most: int, whole: bool, kind: str, **given: Any) -> int:
    """Plant known mistakes in right targets, one at a time, and tell which are caught and down to which size.

    Without TARGET they are planted in the layers, activations and losses of netcore, one target a class; with TARGET
    (as in `audit`) in yours: their backward is wrapped, your code is left as it is.

    Exit codes: 0 all were caught, 1 something was missed, 4 something stayed open, 5 nothing was planted.
    """
    from gradcheck.discover import discover
    from gradcheck.select import select
    from gradcheck.selftest import representative
    from gradcheck.selftest import selftest as planted
    from gradcheck.settings import Settings

    mine = bool(given["targets"])
    found = resolved({**given, "targets": given["targets"] or (_DEFAULT,)})
    importable(found)
    config = found.config
    with contextlib.redirect_stdout(sys.stderr):
        items = discover(config.targets, words=COMMANDS).items
        chosen = [target for item in items if (target := select(item.target, config.only)) is not None]
        if not mine and not config.only:
            chosen = representative(chosen)
        settings = Settings(config.seed, config.effort, config.resolution, counterexample=False)
        result = planted(chosen, settings, most=None if whole else most, progress=_progress(len(chosen)))
    if sys.stderr.isatty():
        click.echo("\r\x1b[K", err=True, nl=False)
    if kind == "json":
        click.echo(json.dumps({**asdict(result), "exit_code": result.exit_code}))
    else:
        click.echo(told(result), nl=False)
    return result.exit_code


def _progress(total: int) -> Callable[[Target], None]:
    """Name the target at work on standard error, where that is a terminal."""
    from gradcheck.report.text import printable

    done = count(1)

    def show(target: Target) -> None:
        if sys.stderr.isatty():
            click.echo(f"\r\x1b[K{next(done)} of {total}  {printable(target.name)}", err=True, nl=False)

    return show


def told(result: Selftest) -> str:
    """Return what the terminal shows: a row a kind of mistake, then what was missed."""
    from gradcheck.report.text import plural, printable

    kinds = list(dict.fromkeys(attempt.fault for attempt in result.attempts))
    width = max([len(kind) for kind in kinds], default=0)
    lines = []
    for kind in kinds:
        due = [attempt for attempt in result.of(kind) if attempt.due]
        counts = {what: sum(a.outcome == what for a in due) for what in ("caught", "open", "missed")}
        row = f"{kind:{width}}  caught {counts['caught']:3d} of {len(due):3d}"
        row += "".join(f"  {counts[what]} {what}" for what in ("open", "missed") if counts[what])
        sizes = result.smallest(kind)
        if sizes is not None:
            row += f"  smallest caught {sizes[0]:.0e} to {sizes[1]:.0e}, by target"
        lines.append(row)
    for attempt in result.attempts:
        if attempt.due and attempt.outcome != "caught":
            size = "" if attempt.size is None else f" of size {attempt.size:.0e}"
            lines.append(printable(f"{attempt.outcome}: {attempt.fault}{size} in {attempt.target}:{attempt.quantity}"))
    lines += [printable(f"nothing planted in {name}: it is {verdict} as it is") for name, verdict in result.unusable]
    due = [attempt for attempt in result.attempts if attempt.due]
    caught = sum(attempt.outcome == "caught" for attempt in due)
    targets = len({attempt.target for attempt in due})
    lines.append(f"{caught} of {plural(len(due), 'mistake')} caught in {plural(targets, 'target')}")
    return "\n".join(lines) + "\n"
