"""Who listens to the checks of a test run: set by the pytest plugin around each test, empty elsewhere."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gradcheck.report import Report

__all__ = ["Recorder", "current"]


@dataclass
class Recorder:
    """Reports of one test, and what the run's options say.

    Args:
        seed: for checks that name none; None leaves it to the check.
        effort: likewise.
        reports: in the order of the calls.
    """

    seed: int | None = None
    effort: str | None = None
    reports: list[Report] = field(default_factory=list)

    def keep_worst(self, start: int) -> None:
        """Of the examples that Hypothesis draws for one test keep one: the worst, the latest of those as bad.

        Args:
            start: number of reports before the latest example.
        """
        before, latest = self.reports[:start], self.reports[start:]
        if before and latest:
            worse = max(r.verdict.severity for r in before) > max(r.verdict.severity for r in latest)
            self.reports[:] = before if worse else latest


# A context variable, not a global: two tests at once, in threads or tasks, do not hear each other.
current: ContextVar[Recorder | None] = ContextVar("gradcheck_recorder", default=None)
