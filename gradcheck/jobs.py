"""The items of an audit, one after another or in worker processes; budgets, and what is said when they run out."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from gradcheck.audit import examine
from gradcheck.discover import Item
from gradcheck.report import Finding
from gradcheck.report.text import plural, printable
from gradcheck.select import matches, select
from gradcheck.settings import Settings

__all__ = ["Done", "Plan", "perform", "reproduce"]

Progress = Callable[[Item], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """How the items of an audit are worked through.

    Args:
        only: patterns of `select`; empty for everything.
        max_failures: stop after so many wrong findings.
        time_budget: seconds for the whole run.
    """

    only: tuple[str, ...] = ()
    max_failures: int | None = None
    time_budget: float | None = None


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


def perform(items: Sequence[Item], settings: Settings, plan: Plan, progress: Progress) -> Done:
    """Examine the items and return what was found, in their order; Ctrl-C ends it early, not in vain."""
    chosen = [chosen for item in items if (chosen := _chosen(item, plan.only)) is not None]
    found: dict[str, list[Finding]] = {}
    stopped = ""
    deadline = None if plan.time_budget is None else time.monotonic() + plan.time_budget
    try:
        for name, findings in _serial(chosen, settings, progress, deadline):
            found[name] = findings
            wrong = sum(f.verdict.wrong for each in found.values() for f in each)
            if plan.max_failures is not None and wrong >= plan.max_failures:
                stopped = f"{plural(wrong, 'failure')}, and --max-failures is {plan.max_failures}"
                break
        else:
            if deadline is not None and time.monotonic() > deadline and len(found) < len(chosen):
                stopped = f"the time budget of {plan.time_budget:g} s is used up"
    except KeyboardInterrupt:
        stopped = "interrupted from the keyboard"
    unchecked = tuple(item.target.name for item in chosen if item.target.name not in found)
    findings_ = tuple(f for item in chosen for f in found.get(item.target.name, ()))
    return Done(findings_, stopped if unchecked else "", unchecked)


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
    return [
        replace(f, reproduce=reproduce(item.spec, f, settings)) if f.verdict.severity >= 2 else f
        for f in examine(item.target, settings)
        if matches(f, item.target)
    ]


def _chosen(item: Item, only: Sequence[str]) -> Item | None:
    target = select(item.target, only)
    return None if target is None else replace(item, target=target)


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
