"""`gradcheck report` and `gradcheck replay`: what was found before, shown or checked again."""

from __future__ import annotations

import contextlib
import shlex
import sys
from pathlib import Path
from typing import Any

import click

from gradcheck.commands import COMMANDS
from gradcheck.commands.check import checked, publish
from gradcheck.commands.options import NOTHING, outputs, resolved
from gradcheck.config import Resolved
from gradcheck.errors import ConfigurationError

__all__ = ["replay", "report"]

_CHECK = ["python", "-m", "gradcheck", "check"]  # how a line that shows a finding again begins
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
    """Check again, with the same seed and effort, what failed or stayed open in a report.

    Each counterexample of the report is run again too, and said to be fixed, still failing, or open where today's code
    leaves no way to tell.
    """
    old = _read(file)
    failed = [f for f in old.findings if f.verdict.severity >= 2 and f.reproduce]
    lines = [words for f in failed if (words := shlex.split(f.reproduce))[:4] == _CHECK]
    if not lines:
        if failed:
            click.echo(f"{file} is not of the command line; to check again: {failed[0].reproduce}", err=True)
            return NOTHING
        click.echo(f"Nothing failed in {file}; nothing to check again", err=True)
        return NOTHING if not old.findings else 0
    specs = tuple(dict.fromkeys(words[4] for words in lines))
    only = tuple(dict.fromkeys(words[words.index("--only") + 1] for words in lines if "--only" in words))
    given: dict[str, Any] = {"targets": specs, "seed": old.seed, "effort": old.effort, "only": only}
    found = resolved(given)
    code = checked(Resolved(found.config, found.origins, found.root), verbose=verbose, complete=False)
    return _again(old, specs) or code


def _again(old: Any, specs: tuple[str, ...]) -> int:
    """Run every counterexample of a report again, print what came of it, and return 1 if one still fails, else 0."""
    small = [f for f in old.findings if f.counterexample is not None]
    if not small:
        return 0
    from gradcheck.counterexample import replayed
    from gradcheck.discover import discover
    from gradcheck.report.text import printable

    with contextlib.redirect_stdout(sys.stderr):  # as in `checked`
        targets = {item.target.name: item.target for item in discover(specs, words=COMMANDS).items}
    code = 0
    for finding in small:
        target = targets.get(finding.target)
        if target is None:
            answer, told = "open", "no target has this name any more"
        else:
            with contextlib.redirect_stdout(sys.stderr):
                replay = replayed(target, finding)
            answer, told = replay.answer, replay.told
        code = code or int(answer == "still failing")
        click.echo(printable(f"counterexample of {finding.target}:{finding.wrt} [{finding.check}]: {answer}; {told}"))
    return code


def _read(file: Path) -> Any:
    from gradcheck.report import Report

    try:
        text = file.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be read: {error.strerror}") from error
    return Report.from_json(text, origin=str(file))
