"""`gradcheck report` and `gradcheck replay`: what was found before, shown or checked again."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import click

from gradcheck.commands.check import checked, publish
from gradcheck.commands.options import outputs, resolved
from gradcheck.config import Resolved
from gradcheck.errors import ConfigurationError

__all__ = ["replay", "report"]

_FILES = click.Path(dir_okay=False, path_type=Path)


@click.command(short_help="Render reports again, and merge shards, without checking.")
@click.argument("files", nargs=-1, required=True, type=_FILES, metavar="FILE...")
@click.option("--format", type=click.Choice(["full", "concise", "json"]), help="Of the output.")
@click.option("--report", multiple=True, metavar="KIND:PATH", help="Also write it, e.g. html:out.html.")
@click.option("-v", "--verbose", is_flag=True, help="Tell what each check cost.")
def report(files: tuple[Path, ...], verbose: bool, **given: Any) -> int:
    """Render JSON reports again, merged into one, without checking anything.

    Reports that are merged were made with one seed and effort; the exit code is that of the whole.
    """
    from gradcheck.merge import merge

    config = resolved(given).config
    places = outputs(config.report)
    merged = merge([_read(file) for file in files], [str(file) for file in files])
    publish(merged, config, places, verbose=verbose)
    return int(merged.exit_code)


@click.command(short_help="Check again what failed in a report.")
@click.argument("file", type=_FILES)
@click.option("-v", "--verbose", is_flag=True, help="Tell what each check cost.")
def replay(file: Path, verbose: bool) -> int:
    """Check again, with the same seed and effort, what failed or stayed open in a report."""
    old = _read(file)
    lines = [shlex.split(f.reproduce) for f in old.findings if f.verdict.severity >= 2 and f.reproduce]
    if not lines:
        click.echo(f"Nothing failed in {file}; nothing to check again", err=True)
        return 5 if not old.findings else 0
    specs = tuple(dict.fromkeys(words[4] for words in lines))
    only = tuple(dict.fromkeys(words[words.index("--only") + 1] for words in lines if "--only" in words))
    given: dict[str, Any] = {"targets": specs, "seed": old.seed, "effort": old.effort, "only": only}
    found = resolved(given)
    return checked(Resolved(found.config, found.origins, found.root), verbose=verbose, complete=False)


def _read(file: Path) -> Any:
    from gradcheck.report import Report

    try:
        text = file.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be read: {error.strerror}") from error
    return Report.from_json(text, origin=str(file))
