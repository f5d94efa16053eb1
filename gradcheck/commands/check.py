"""`gradcheck audit` and `gradcheck check`."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from gradcheck.commands import COMMANDS
from gradcheck.commands.options import measuring, resolved
from gradcheck.config import Config, Resolved
from gradcheck.errors import ConfigurationError

__all__ = ["audit", "check", "publish"]

_NOTHING = 5
_HINT = (
    "Nothing was checked: no target is named, and no configuration names one.\n"
    "Name one, e.g. `python -m gradcheck my_package.layers`, or put into pyproject.toml:\n\n"
    "  [tool.gradcheck]\n"
    '  targets = ["my_package.layers"]'
)
_EMPTY = (
    "Nothing was checked: {specs} offers no targets. A module offers them by a function that yields dictionaries:\n\n"
    "  def gradcheck_targets():\n"
    '      yield {{"adapt": "layer", "layer": Dense(3, 5), "params": params, "x": x}}'
)


def showing(function: Any) -> Any:
    """Add the options that say what to print."""
    options = (
        click.option("--format", type=click.Choice(["full", "concise", "json"]), help="Of the output."),
        click.option("--report", multiple=True, metavar="KIND:PATH", help="Also write a report: json:a.json."),
        click.option("-v", "--verbose", is_flag=True, help="Tell what each check cost."),
        click.option("--max-failures", type=int, metavar="N", help="Stop after N wrong findings."),
        click.option("--time-budget", type=float, metavar="SECONDS", help="Stop after so long, and say what is left."),
    )
    for option in reversed(options):
        function = option(function)
    return function


@click.command(short_help="Check every target, and that nothing public is left unchecked.")
@measuring
@showing
def audit(verbose: bool, **given: Any) -> int:
    """Check every target, and that no public layer, activation or loss is left unchecked.

    A module offers its targets by a function gradcheck_targets() that yields dictionaries: "adapt" is the name of an
    adapter in gradcheck.adapt, "name" what to call the target, and the rest are the adapter's arguments. The module
    need not import gradcheck:

    \b
      def gradcheck_targets():
          rng = np.random.default_rng(0)
          layer, x = Dense(3, 5), rng.normal(size=(4, 3))
          yield {"adapt": "layer", "layer": layer, "params": layer.init(rng), "x": x}
          yield {"adapt": "activation", "act": Tanh(), "x": x}
          yield {"adapt": "loss", "loss": MSE(), "y": x, "y_hat": 2 * x}

    Such a module fails the audit if it has a public layer, activation or loss without a target.
    """
    return _checked(resolved(given), verbose=verbose, complete=True)


@click.command(short_help="Check targets, without asking whether the module has others.")
@measuring
@showing
def check(verbose: bool, **given: Any) -> int:
    """Check targets; see `audit --help` for how a module offers them."""
    return _checked(resolved(given), verbose=verbose, complete=False)


def _checked(resolved: Resolved, *, verbose: bool, complete: bool) -> int:
    config = resolved.config
    if not config.targets:
        click.echo(_HINT, err=True)
        return _NOTHING
    outputs = [_output(text) for text in config.report]
    _importable(resolved)
    with contextlib.redirect_stdout(sys.stderr):  # what user code prints must not mix with the report
        report = _report(config, complete=complete)
    if report is None:
        return _NOTHING
    publish(report, config, outputs, verbose=verbose)
    return int(report.exit_code)


def _importable(resolved: Resolved) -> None:
    """Make modules of the working directory and of the project importable, as `python -m` does."""
    for place in (resolved.root, Path.cwd()):
        if place is not None and str(place) not in sys.path:
            sys.path.insert(0, str(place))


def _report(config: Config, *, complete: bool) -> Any:
    from gradcheck.audit import assemble
    from gradcheck.coverage import coverage
    from gradcheck.discover import CONVENTION, discover
    from gradcheck.jobs import Plan, perform
    from gradcheck.settings import Settings

    start = time.perf_counter()
    settings = Settings(config.seed, config.effort, config.resolution, config.tolerance)
    found = discover(config.targets, words=COMMANDS)
    plan = Plan(config.only, config.max_failures, config.time_budget)
    with _progress(len(found.items)) as progress:
        done = perform(found.items, settings, plan, progress)
    findings = [*found.findings, *done.findings]
    if complete and not config.only:
        targets = [item.target for item in found.items]
        for spec, module in found.modules:
            if hasattr(module, CONVENTION):
                findings += coverage(spec, module, targets)
    if not findings and not done.stopped:
        specs = ", ".join(config.targets)
        if config.only:
            names = ", ".join(repr(item.target.name) for item in found.items[:5])
            wanted = ", ".join(config.only)
            click.echo(f"Nothing was checked: no target matches --only {wanted}; there are {names}, …", err=True)
        else:
            click.echo(_EMPTY.format(specs=specs), err=True)
        return None
    seconds = time.perf_counter() - start
    return assemble(findings, settings, seconds=seconds, stopped=done.stopped, unchecked=done.unchecked)


@contextlib.contextmanager
def _progress(total: int) -> Iterator[Any]:
    """Show which target is examined, on standard error and only if that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda item: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from gradcheck.report.text import printable

    columns = (BarColumn(bar_width=20), MofNCompleteColumn(), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda item: bar.update(task, advance=1, description=printable(item.target.name))


def _output(text: str) -> tuple[str, Path]:
    kind, colon, path = text.partition(":")
    from gradcheck.report.write import KINDS

    if not colon or not path or kind not in KINDS:
        raise ConfigurationError(f"Expected --report KIND:PATH with KIND one of {', '.join(KINDS)} but got {text!r}")
    return kind, Path(path)


def publish(report: Any, config: Config, outputs: list[tuple[str, Path]], *, verbose: bool) -> None:
    """Print a report and write the files that were asked for."""
    from gradcheck.report.write import write

    for kind, path in outputs:
        write(report, kind, path)
    if config.format == "json":
        click.echo(report.to_json(), nl=False)
        return
    from gradcheck.report.terminal import render

    color = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    concise = config.format == "concise"
    text = render(report, width=_width(), color=color, concise=concise, costs=verbose)
    click.echo(text, nl=False, color=color)


def _width() -> int:
    """Return the terminal's width; a pipe has room for whole rows."""
    if os.environ.get("COLUMNS", "").isdigit():
        return max(40, int(os.environ["COLUMNS"]))
    return os.get_terminal_size(sys.stdout.fileno()).columns if sys.stdout.isatty() else 160
