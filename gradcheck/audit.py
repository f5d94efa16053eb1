"""Run targets through their checks: run(targets, settings) -> Report, and what a report needs beside findings."""

from __future__ import annotations

import contextlib
import inspect
import linecache
import os
import platform
import shlex
import time
import tokenize
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import NoReturn

import numpy as np
import scipy

from gradcheck import __version__
from gradcheck.checks import Check, checks_for
from gradcheck.checks.trial import Trial
from gradcheck.compare import Verdict
from gradcheck.diagnosis.network import weigh
from gradcheck.errors import ContractError, GradientMismatch, InputError
from gradcheck.gate import Accepted, accept
from gradcheck.paths import project_root
from gradcheck.report import Finding, Report, SourceText
from gradcheck.session import current
from gradcheck.settings import EffortName, Settings
from gradcheck.target import Target

__all__ = ["assemble", "assert_agrees", "check", "examine", "run"]

_FATAL = ("value.type", "value.finite")  # after these nothing can be measured


def run(targets: Iterable[Target], settings: Settings, progress: Callable[[Target], None] | None = None) -> Report:
    """Examine every target and return one report.

    Args:
        targets: in the order of the report.
        settings: how hard to look.
        progress: called with each target before it is examined.
    """
    start = time.perf_counter()
    findings: list[Finding] = []
    apart = False
    if not isinstance(targets, Iterable):
        raise _no_target(targets)
    for target in targets:
        if not isinstance(target, Target):
            raise _no_target(target)
        if progress is not None:
            progress(target)
        findings += examine(target, settings)
        apart = apart or target.apart
    return assemble(findings, settings, seconds=time.perf_counter() - start, apart=apart)


def _no_target(thing: object) -> InputError:
    return InputError(
        f"Expected targets made by gradcheck.adapt but got {type(thing).__name__}: wrap it, e.g. adapt.vjp(...)"
    )


def examine(target: Target, settings: Settings) -> list[Finding]:
    """Put one target through all its checks; what its code raises becomes RAISED."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # steps may leave the domain: the checker's doing, not the user's
        findings = list(_findings(Trial(target, settings)))
        if not settings.minimises or not any(f.verdict.wrong for f in findings):
            return findings
        from gradcheck.counterexample import minimised  # here, so that what agrees pays nothing for it

        return minimised(target, findings)


def _findings(trial: Trial) -> Iterator[Finding]:
    """Yield what the checks that are asked find; what stops them is told even if nobody asked for it."""
    asked, checks, silent = trial.target.asked, checks_for(trial.target), True
    if asked is not None:
        last = max((place for place, check in enumerate(checks) if check.id in asked), default=-1)
        checks = tuple(c for c in checks[: last + 1] if c.prepares or c.id in asked)
    for check in checks:
        stopped = False
        for finding, fatal in _answers(check, trial):
            stopped = stopped or fatal
            if fatal or asked is None or check.id in asked:
                silent = False
                yield finding
        if stopped:
            return
    if silent and asked is not None:  # no gradient has a form that can be measured, say: what is wrong then is told
        whole = Trial(replace(trial.target, asked=None), trial.settings)
        yield from (finding for finding in _findings(whole) if finding.verdict.wrong)


def _answers(check: Check, trial: Trial) -> Iterator[tuple[Finding, bool]]:
    """Yield what one check finds, with whether the examination ends there."""
    try:
        for finding in check.run(trial):
            yield finding, finding.check in _FATAL and finding.verdict.wrong
    except ContractError as error:
        yield trial.finding(error.check, error.wrt, Verdict.MALFORMED, str(error)), True
    except Exception as error:  # the runner is where whatever the user's code raises becomes a verdict
        when = f", for {check.when}" if check.when else ""
        message = f"{check.id}{when}: {type(error).__name__}: {error}{_raised_in(error)}"
        yield trial.finding(check.id, "", Verdict.RAISED, message), True


def _raised_in(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f" ({trace.tb_frame.f_code.co_filename}:{trace.tb_lineno})"


_LONGEST = 60  # lines of a function that a report keeps


def assemble(
    findings: Sequence[Finding],
    settings: Settings,
    *,
    seconds: float,
    stopped: str = "",
    unchecked: Sequence[str] = (),
    apart: bool = False,
) -> Report:
    """Return the report of a run: paths relative to the project, the source of what failed, the environment.

    Args:
        findings: in the order of targets and checks.
        settings: of the run.
        seconds: wall time.
        stopped: why the run ended early, "" where it did not.
        unchecked: names of targets that were not reached.
        apart: whether other targets of the same networks are checked apart.
    """
    base = project_root()
    failing = [f.source for f in findings if f.source is not None and f.verdict.severity >= 2]
    sources = tuple(text for source in dict.fromkeys(failing) if (text := _source_text(*source, base)) is not None)
    told = tuple(_from(base, finding) for finding in weigh(findings, apart=apart))
    return Report(told, settings.seed, settings.effort, _environment(), seconds, stopped, tuple(unchecked), sources)


def _from(base: str, finding: Finding) -> Finding:
    """Return a finding whose paths are told from a directory."""
    source, small, message = finding.source, finding.counterexample, finding.message
    if source is not None and source[0].startswith(base):
        finding = finding.but(source=(source[0].removeprefix(base), source[1]))
    if base in message:
        finding = finding.but(message=message.replace(base, ""))
    if small is not None:
        finding = finding.but(counterexample=replace(small, code=small.code.replace(base, "")))
    return finding


def _source_text(file: str, line: int, base: str) -> SourceText | None:
    # one that was typed, "<stdin>", lies nowhere
    text = linecache.getlines(os.path.join(base, file)) or linecache.getlines(file)
    lines = text[line - 1 : line - 1 + _LONGEST]
    if not lines:
        return None
    with contextlib.suppress(SyntaxError, tokenize.TokenError):  # it has changed since it was imported, or goes on
        lines = inspect.getblock(lines)
    return SourceText(file.removeprefix(base), line, "".join(lines).rstrip())


@cache
def _environment() -> tuple[tuple[str, str], ...]:
    return (
        ("gradcheck", __version__),
        ("python", platform.python_version()),
        ("numpy", np.__version__),
        ("scipy", scipy.__version__),
        ("platform", f"{platform.system()} {platform.machine()}"),
    )


def check(
    targets: Target | Iterable[Target],
    *,
    seed: int = 0,
    effort: EffortName = "standard",
    resolution: float | None = None,
    tolerance: float | None = None,
    counterexample: bool | None = None,
) -> Report:
    """Check one target or many and return the report.

    Args:
        targets: what the adapters return, one or an iterable.
        seed: of every random number.
        effort: "quick", "standard" or "thorough".
        resolution: largest relative error that an AGREES may leave unseen; None for the precision's own.
        tolerance: relative gap that is of no interest; None for none.
        counterexample: whether each failure is made as small as it can be and written out as code; None for effort
            "thorough" alone.
    Returns:
        The report; `report.ok` is True only if everything was verified.

    Example:
        >>> import numpy as np, gradcheck
        >>> from gradcheck import adapt
        >>> x = np.array([[0.3, -1.2, 2.0], [0.7, 0.1, -0.4]])
        >>> target = adapt.vjp(np.sin, lambda inputs, u: (u * np.cos(inputs[0]),), x, names=("x",), name="sin")
        >>> gradcheck.check(target).verdict.name
        'AGREES'
    """
    settings = Settings(seed, effort, resolution, tolerance, counterexample)
    return run([targets] if isinstance(targets, Target) else targets, settings)


def assert_agrees(
    targets: Target | Iterable[Target],
    *,
    seed: int | None = None,
    effort: EffortName | None = None,
    resolution: float | None = None,
    tolerance: float | None = None,
    counterexample: bool | None = None,
    expected_failures: Mapping[str, str] | None = None,
) -> Report:
    """Check, and raise unless everything was verified.

    Args:
        targets: what the adapters return, one or an iterable.
        seed: of every random number; None for 0, or for what pytest's --gradcheck-seed says.
        effort: "quick", "standard" or "thorough"; None for "standard", or for --gradcheck-effort.
        resolution: largest relative error that an AGREES may leave unseen; None for the precision's own.
        tolerance: relative gap that is of no interest; None for none.
        counterexample: as in `check`.
        expected_failures: {id of a finding: reason}; one that does not occur is an error of its own.
    Raises:
        GradientMismatch: an AssertionError whose `report` is the Report and `finding` its worst finding.
    """
    __tracebackhide__ = True  # a failing test ends in the caller's line, not here
    single = isinstance(targets, Target) or not isinstance(targets, Iterable)  # `check` refuses what is neither
    asked: list[Target] = [targets] if single else list(targets)  # type: ignore[list-item, arg-type]
    parts = any(target.asked is not None for target in asked if isinstance(target, Target))
    recorder = current.get()
    told_seed, told_effort = (recorder.seed, recorder.effort) if recorder is not None else (None, None)
    report = check(
        asked,
        seed=seed if seed is not None else told_seed or 0,
        effort=effort or told_effort or "standard",  # type: ignore[arg-type]  # Settings refuses what is no effort
        resolution=resolution,
        tolerance=tolerance,
        counterexample=counterexample,
    )
    if expected_failures:
        report = accept(report, [Accepted("expected_failures", expected_failures)], complete=not parts)
    report = _reproducible(report)
    if not report.findings and parts:
        _skip(asked)
    if recorder is not None:
        recorder.reports.append(report)
    if not report.ok:
        worst = max(report.findings, key=lambda f: (not f.accepted, f.verdict.severity), default=None)
        from gradcheck.report.terminal import brief  # here, so that what agrees does not load rich

        told = brief(report) if report.findings else "nothing was checked: no targets"
        if report.exit_code == 1:
            raise GradientMismatch(told, report, worst)
        # a line of its own: Hypothesis tells failures apart by it, and must not shrink a wrong point to an open one
        raise GradientMismatch(told, report, worst)
    return report


def _skip(asked: Sequence[Target]) -> NoReturn:
    """Skip the test of checks that have nothing to say of a target with which nothing is wrong."""
    import pytest  # here: only tests made by `gradcheck.parametrize` ask for single checks

    told = ", ".join(f"{', '.join(target.asked or ())} of {target.name}" for target in asked)
    pytest.skip(f"nothing to measure: {told}")


def _reproducible(report: Report) -> Report:
    """Return the report with the test that shows its failures, where a test is running."""
    test = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" (")[0]
    if not test or report.ok:
        return report
    line = shlex.join(["python", "-m", "pytest", test])
    return replace(
        report,
        findings=tuple(
            replace(f, reproduce=line) if f.verdict.severity >= 2 and not f.reproduce else f for f in report.findings
        ),
    )
