"""Run targets through their checks: run(targets, settings) -> Report."""

from __future__ import annotations

import platform
import time
import warnings
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from gradcheck.checks import checks_for
from gradcheck.checks.trial import Trial
from gradcheck.compare import Verdict
from gradcheck.errors import ContractError, GradientMismatch, InputError
from gradcheck.report import Finding, Report
from gradcheck.settings import EffortName, Settings
from gradcheck.target import Target

__all__ = ["assert_agrees", "check", "examine", "run"]

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
    for target in targets:
        if not isinstance(target, Target):
            raise InputError(
                f"Expected targets made by gradcheck.adapt but got {type(target).__name__}: wrap it, e.g. adapt.vjp(...)"
            )
        if progress is not None:
            progress(target)
        findings += examine(target, settings)
    return Report(tuple(findings), settings.seed, settings.effort, _environment(), time.perf_counter() - start)


def examine(target: Target, settings: Settings) -> list[Finding]:
    """Put one target through all its checks; what its code raises becomes RAISED."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # steps may leave the domain: the checker's doing, not the user's
        return list(_findings(Trial(target, settings)))


def _findings(trial: Trial) -> Iterator[Finding]:
    for check in checks_for(trial.target):
        fatal = False
        try:
            for finding in check.run(trial):
                fatal = fatal or (finding.check in _FATAL and finding.verdict.wrong)
                yield finding
        except ContractError as error:
            yield trial.finding(error.check, error.wrt, Verdict.MALFORMED, str(error))
            fatal = True
        except Exception as error:  # the runner is where whatever the user's code raises becomes a verdict
            where = _raised_in(error)
            message = f"{check.id}: {type(error).__name__}: {error}{where}"
            yield trial.finding(check.id, "", Verdict.RAISED, message)
            fatal = True
        if fatal:
            return


def _raised_in(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f" ({trace.tb_frame.f_code.co_filename}:{trace.tb_lineno})"


def _environment() -> tuple[tuple[str, str], ...]:
    return (("python", platform.python_version()), ("numpy", np.__version__), ("platform", platform.platform()))


def check(
    targets: Target | Iterable[Target],
    *,
    seed: int = 0,
    effort: EffortName = "standard",
    resolution: float | None = None,
    tolerance: float | None = None,
) -> Report:
    """Check one target or many and return the report.

    Args:
        targets: what the adapters return, one or an iterable.
        seed: of every random number.
        effort: "quick", "standard" or "thorough".
        resolution: largest relative error that an AGREES may leave unseen; None for the precision's own.
        tolerance: relative gap that is of no interest; None for none.
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
    settings = Settings(seed=seed, effort=effort, resolution=resolution, tolerance=tolerance)
    return run([targets] if isinstance(targets, Target) else targets, settings)


def assert_agrees(
    targets: Target | Iterable[Target],
    *,
    seed: int = 0,
    effort: EffortName = "standard",
    resolution: float | None = None,
    tolerance: float | None = None,
) -> Report:
    """Check, and raise unless everything was verified.

    Raises:
        GradientMismatch: an AssertionError whose `report` is the Report and `finding` its worst finding.
    """
    report = check(targets, seed=seed, effort=effort, resolution=resolution, tolerance=tolerance)
    if not report.ok:
        worst = max(report.findings, key=lambda finding: finding.verdict.severity, default=None)
        raise GradientMismatch(str(report) if report.findings else "nothing was checked: no targets", report, worst)
    return report
