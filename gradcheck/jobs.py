"""The items of an audit, one after another or in worker processes; budgets, and what is said when they run out."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from gradcheck.audit import examine
from gradcheck.discover import Item
from gradcheck.report import Finding, Report
from gradcheck.report.text import plural, printable
from gradcheck.select import matches, select
from gradcheck.settings import Settings

__all__ = ["Done", "Plan", "completed", "perform", "reproduce"]

Progress = Callable[[Item], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """How the items of an audit are worked through.

    Args:
        only: patterns of `select`; empty for everything.
        max_failures: stop after so many wrong findings.
        time_budget: seconds for the whole run.
        timeout: seconds for one target; needs worker processes.
        jobs: worker processes; 1 works in this process unless there is a timeout.
        backend: "loky" (processes here), "dask" or "ray".
        scheduler: address of a cluster.
    """

    only: tuple[str, ...] = ()
    max_failures: int | None = None
    time_budget: float | None = None
    timeout: float | None = None
    jobs: int = 1
    backend: Literal["loky", "dask", "ray"] = "loky"
    scheduler: str | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """What came of it.

    Args:
        findings: in the order of the items.
        stopped: why it ended early, "" where it did not.
        unchecked: names of the targets that were not reached.
    """

    findings: tuple[Finding, ...]
    stopped: str
    unchecked: tuple[str, ...]


def perform(items: Sequence[Item], settings: Settings, plan: Plan, progress: Progress, *, specs: Sequence[str]) -> Done:
    """Examine the items and return what was found, in their order; Ctrl-C ends it early, not in vain.

    Args:
        items: what `discover(specs)` found.
        settings: how hard to look.
        plan: how to go about it.
        progress: called with each item, before it is examined here, or after it was elsewhere.
        specs: the names, for workers to find the items again.
    """
    chosen = [chosen for item in items if (chosen := _chosen(item, plan.only)) is not None]
    found: dict[str, list[Finding]] = {}
    stopped = ""
    deadline = None if plan.time_budget is None else time.monotonic() + plan.time_budget
    try:
        for name, findings in _answers(chosen, settings, plan, progress, deadline, tuple(specs)):
            found[name] = findings
            wrong = sum(f.verdict.wrong for each in found.values() for f in each)
            if plan.max_failures is not None and wrong >= plan.max_failures:
                stopped = f"{plural(wrong, 'failure')}, and --max-failures is {plan.max_failures}"
                break
            if deadline is not None and time.monotonic() > deadline:
                break
        if not stopped and len(found) < len(chosen):
            stopped = f"the time budget of {plan.time_budget:g} s is used up"
    except KeyboardInterrupt as error:
        stopped = str(error) or "interrupted from the keyboard"
    unchecked = tuple(item.target.name for item in chosen if item.target.name not in found)
    findings_ = tuple(f for item in chosen for f in found.get(item.target.name, ()))
    return Done(findings_, stopped if unchecked else "", unchecked)


def _answers(
    items: Sequence[Item],
    settings: Settings,
    plan: Plan,
    progress: Progress,
    deadline: float | None,
    specs: tuple[str, ...],
) -> Iterator[tuple[str, list[Finding]]]:
    if plan.jobs == 1 and plan.timeout is None and plan.backend == "loky":
        yield from _serial(items, settings, progress, deadline)
        return
    from gradcheck.backends import Work, in_cluster, in_workers  # joblib is loaded when it is used

    work = Work(specs, partial(_worked_by_name, settings=settings, only=plan.only))
    known = {item.target.name: item for item in items}
    if plan.backend == "loky":
        answers = in_workers(
            work, items, jobs=min(plan.jobs, max(1, len(items))), timeout=plan.timeout, deadline=deadline
        )
    else:
        answers = in_cluster(work, items, backend=plan.backend, jobs=plan.jobs, scheduler=plan.scheduler)
    for name, findings in answers:
        progress(known[name])
        yield name, [_shown_again(known[name].spec, f, settings) for f in findings]


def _worked_by_name(item: Item, *, settings: Settings, only: tuple[str, ...]) -> list[Finding]:
    chosen = _chosen(item, only)
    return [] if chosen is None else worked(chosen, settings)


def _shown_again(spec: str, finding: Finding, settings: Settings) -> Finding:
    if finding.verdict.severity < 2 or finding.reproduce:
        return finding
    return replace(finding, reproduce=reproduce(spec, finding, settings))


def _serial(
    items: Sequence[Item], settings: Settings, progress: Progress, deadline: float | None
) -> Iterator[tuple[str, list[Finding]]]:
    for item in items:
        if deadline is not None and time.monotonic() > deadline:
            return
        progress(item)
        yield item.target.name, worked(item, settings)


def worked(item: Item, settings: Settings) -> list[Finding]:
    """Return the findings of one item, each failure with the command line that shows it again."""
    found = (f for f in examine(item.target, settings) if matches(f, item.target))
    return [_shown_again(item.spec, f, settings) for f in found]


def _chosen(item: Item, only: Sequence[str]) -> Item | None:
    target = select(item.target, only)
    return None if target is None else replace(item, target=target)


def completed(report: Report, items: Sequence[Item], settings: Settings) -> Report:
    """Return the report with a command line also for what was concluded from a whole network's findings together."""
    specs = {item.target.name: item.spec for item in items}
    found = []
    for f in report.findings:
        spec = specs.get(f.target)
        if spec is not None and f.verdict.severity >= 2 and not f.reproduce:
            network = f.target.rpartition("/")[0]
            whole = replace(f, target=f"{network}/*" if network else f.target, wrt="")
            f = replace(f, reproduce=reproduce(spec, whole, settings))
        found.append(f)
    return replace(report, findings=tuple(found))


def reproduce(spec: str, finding: Finding, settings: Settings) -> str:
    """Return a command line that shows a finding again."""
    name = f"{finding.target}:{finding.place}" if finding.wrt else finding.target
    pattern = "".join("?" if printable(c) != c else c for c in name)  # a wildcard for what cannot be typed
    words = ["python", "-m", "gradcheck", "check", spec, "--only", pattern, "--seed", str(settings.seed)]
    for option, default in (("effort", "standard"), ("resolution", None), ("tolerance", None)):
        value = getattr(settings, option)
        if value != default:
            words += [f"--{option}", str(value)]
    return shlex.join(words)
