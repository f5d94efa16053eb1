"""`gradcheck audit` and `gradcheck check`."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from gradcheck.commands import COMMANDS
from gradcheck.commands.options import NOTHING, gating, importable, measuring, outputs, resolved, showing
from gradcheck.config import Config, Resolved
from gradcheck.errors import ConfigurationError

__all__ = ["audit", "check", "checked", "publish"]

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


@dataclass(frozen=True)
class _Update:
    """The baseline is to be written anew, for this reason where it is new."""

    reason: str | None


@click.command(short_help="Check every target, and that nothing public is left unchecked.")
@measuring
@showing
@gating
def audit(verbose: bool, baseline_update: bool, reason: str | None, **given: Any) -> int:
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

    Anything else that claims a derivative is checked at inputs that are drawn: a torch Function or Module, a JAX
    function, a thinc model, a class with forward and backward, f_forward with f_backward beside it. Its inputs are
    described on the command line, or where it stands, and then the module offers it:

    \b
      python -m gradcheck my_layers.py:affine_forward --input x=8x16 --input w=16x4:positive --input b=4
    \b
      @gradcheck.at(x="8x16", w="16x4:float32,positive", labels="8:<10", params={"W": "16x4", "b": "4"})
      def function(x, w, labels, params): ...

    Words after the colon: a dtype, and one of positive, negative, unit (in 0..1), open (in -1..1), nonzero, sorted,
    distinct, simplex, onehot, spd (symmetric positive definite), orthogonal, <n (integers from 0). NAME==VALUE is a
    value as it is; NAME.KEY an entry of a dictionary or list.
    """
    update = _Update(reason) if baseline_update else None
    return checked(resolved(given), verbose=verbose, complete=True, update=update)


@click.command(short_help="Check targets, without asking whether the module has others.")
@measuring
@showing
@gating
def check(verbose: bool, baseline_update: bool, reason: str | None, **given: Any) -> int:
    """Check targets; see `audit --help` for how a module offers them."""
    update = _Update(reason) if baseline_update else None
    return checked(resolved(given), verbose=verbose, complete=False, update=update)


def checked(resolved: Resolved, *, verbose: bool, complete: bool, update: _Update | None = None) -> int:
    """Check the targets of a configuration, print and write what was found, and return the exit code."""
    from gradcheck.gate import exit_code

    config = resolved.config
    if not config.targets:
        click.echo(_HINT, err=True)
        return NOTHING
    places, baseline = outputs(config.report), _baseline(config, update)
    importable(resolved)
    with contextlib.redirect_stdout(sys.stderr):  # what user code prints must not mix with the report
        report = _report(config, complete=complete)
    if report is None:
        return NOTHING
    report = _gated(report, config, baseline)
    publish(report, config, places, verbose=verbose)
    return exit_code(report, config.fail_on)


@dataclass(frozen=True)
class _Baseline:
    """The baseline of a run.

    Args:
        file: where it is kept.
        known: what it accepts; None where it is yet to be made.
        update: how to write it anew, None to leave it.
    """

    file: Path
    known: Any
    update: _Update | None


def _baseline(config: Config, update: _Update | None) -> _Baseline | None:
    """Read the baseline and refuse what cannot be meant, before anything is computed."""
    from gradcheck.gate import read_baseline

    if config.baseline is None:
        if update is not None:
            raise ConfigurationError("Expected --baseline FILE beside --baseline-update but got none")
        return None
    file = Path(config.baseline)
    if update is not None and config.only:
        raise ConfigurationError("A baseline is updated from a whole run, not from a part of one: leave out --only")
    if update is not None and not file.exists():
        if not (update.reason or "").strip():
            raise ConfigurationError("Expected --reason TEXT for a new baseline: every accepted finding says why")
        return _Baseline(file, None, update)
    return _Baseline(file, read_baseline(file), update)


def _gated(report: Any, config: Config, baseline: _Baseline | None) -> Any:
    """Mark what is accepted, and write the baseline anew where that was asked for."""
    from gradcheck import gate
    from gradcheck.report.write import place

    complete = not config.only
    if config.expected_failures:
        known = gate.Accepted("expected-failures", config.expected_failures)
        report = gate.accept(report, [known], complete=complete)
    if baseline is None:
        return report
    accepted = baseline.known
    if baseline.update is not None and report.stopped:
        click.echo(f"gradcheck: the baseline {baseline.file} stays as it is: {report.stopped}", err=True)
    elif baseline.update is not None:
        if accepted is None:
            accepted = gate.first_baseline(baseline.file, report.findings, str(baseline.update.reason))
        else:
            accepted = gate.shrink(accepted, report.findings)
        place(gate.write_baseline(accepted), baseline.file)
    return report if accepted is None else gate.accept(report, [accepted], complete=complete)


def _report(config: Config, *, complete: bool) -> Any:
    from gradcheck.audit import assemble
    from gradcheck.coverage import coverage
    from gradcheck.discover import CONVENTION, discover
    from gradcheck.jobs import completed, perform
    from gradcheck.settings import Settings

    start = time.perf_counter()
    settings = Settings(config.seed, config.effort, config.resolution, config.tolerance, config.counterexample)
    found = discover(config.targets, words=COMMANDS)
    plan = _plan(config)
    with _progress(len(found.items)) as progress:
        done = perform(found.items, settings, plan, progress, specs=config.targets)
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
            click.echo(_EMPTY.format(specs=specs) + _instead(found.modules), err=True)
        return None
    seconds = time.perf_counter() - start
    report = assemble(findings, settings, seconds=seconds, stopped=done.stopped, unchecked=done.unchecked)
    return completed(report, found.items, settings)


def _instead(modules: Any) -> str:
    """Return how the first thing of the modules that claims a derivative can be checked at drawn inputs."""
    from gradcheck.discover import asked, claiming

    for spec, module in modules:
        found = claiming(module)
        if found is not None:
            name, thing = found
            return (
                "\n\nOr check one thing of it at inputs drawn by their shapes:\n\n"
                f"  python -m gradcheck {spec}:{name} {asked(thing)}"
            )
    return ""


def _plan(config: Config) -> Any:
    from gradcheck.jobs import Plan

    if config.timeout is not None and config.backend != "loky":
        raise ConfigurationError(f"--timeout is kept by worker processes here; --backend {config.backend} has none")
    jobs = os.cpu_count() or 1 if config.jobs == "auto" else config.jobs
    return Plan(
        config.only, config.max_failures, config.time_budget, config.timeout, jobs, config.backend, config.scheduler
    )


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


def publish(report: Any, config: Config, outputs: list[tuple[str, Path]], *, verbose: bool) -> None:
    """Write the files that were asked for and print a report, also where one of the files cannot be written.

    Raises:
        ConfigurationError: the first file that could not be written.
    """
    from gradcheck.report.write import write

    failures = []
    for kind, path in outputs:  # before anything is printed: whoever reads a pipe may close it
        try:
            write(report, kind, path)
        except ConfigurationError as error:
            failures.append(error)
    _tell_github(report)
    _print(report, config, verbose=verbose)
    if failures:
        raise failures[0]


def _print(report: Any, config: Config, *, verbose: bool) -> None:
    from gradcheck.report.terminal import render

    if config.format == "json":
        click.echo(report.to_json(), nl=False)
        return
    color = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    concise = config.format == "concise"
    text = render(report, width=_width(), color=color, concise=concise, costs=verbose)
    click.echo(text, nl=False, color=color)


def _tell_github(report: Any) -> None:
    """Where this runs as a GitHub action, annotate the change and write the step's summary."""
    from gradcheck.report.write import append_summary

    if os.environ.get("GITHUB_ACTIONS") != "true":
        return
    click.echo(report.to_github(), nl=False, err=True)
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if summary:
        try:
            append_summary(report, Path(summary))
        except OSError as error:  # the verdict counts, with a summary or without
            click.echo(f"gradcheck: no summary was written to {summary}: {error.strerror or error}", err=True)


def _width() -> int:
    """Return the terminal's width; a pipe has room for whole rows."""
    if os.environ.get("COLUMNS", "").isdigit():
        return max(40, int(os.environ["COLUMNS"]))
    return os.get_terminal_size(sys.stdout.fileno()).columns if sys.stdout.isatty() else 160
