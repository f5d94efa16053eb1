"""One check's answer about one quantity of one target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gradcheck.compare import Verdict
from gradcheck.report.counterexample import Counterexample
from gradcheck.target import Role

__all__ = ["COVERAGE", "STALE", "Finding", "Table"]

COVERAGE, STALE = "audit.coverage", "gate.stale"  # checks of the audit itself


@dataclass(frozen=True, slots=True)
class Table:
    """The entries of a block that were measured one by one, for pictures of where a gradient is wrong.

    Args:
        shape: of the block.
        index: (n, axes) place of each measured entry.
        claimed: (n,) claimed derivative at each.
        measured: (n,) measured derivative at each.
        allowed: (n,) gap that each may have.
    """

    shape: tuple[int, ...]
    index: tuple[tuple[int, ...], ...]
    claimed: tuple[float, ...]
    measured: tuple[float, ...]
    allowed: tuple[float, ...]


@dataclass(frozen=True)
class Finding:
    """What one check says of one quantity.

    Args:
        target: name of the target.
        layer: label of the layer that owns the quantity; the target's name where there is none.
        check: dotted id of the check.
        wrt: the input concerned ("x", "W", "y_hat"), or "" for the target as a whole.
        verdict: one of six.
        message: for a person: what, where, numbers, likely cause.
        claimed: claimed derivative at the worst place, or along the direction.
        measured: measured derivative there.
        error: bar of the measurement.
        gap: measured − claimed.
        allowed: error bar and rounding of the claim.
        resolution: smallest relative error that this check would have seen, relative to the block's gradient.
        worst: index of the worst entry, or None.
        wrong: number of wrong entries, or None where only a direction was probed.
        entries: number of entries that were measured one by one, or None.
        pattern: slug of the likely mistake, or None.
        reproduce: a command line that shows it again.
        source: (file, line) of the backward, where it can be known.
        reason: for INCONCLUSIVE, what stands in the way.
        role: "local", "boundary" or "end_to_end".
        evaluations: forward evaluations that the check cost.
        curve: (step, gap at that step) of the deciding measurement, coarsest first.
        accepted: why this failure is expected, from the baseline or the configuration; "" where it is not.
        table: the entries that were measured one by one, where they were kept.
        factor: claimed over measured, where it is one number at every entry and cotangent.
        origin: what that number is in terms of sizes, "batch · outputs / 2", where it was found out; else "".
        part_of: id of the finding that tells of several as one mistake; "" where this one stands for itself.
        trend: how the gap moves with the step: "flat" (a wrong formula), "noise", "truncation", or "".
        note: what a person should know of a row that is not wrong: how much of a block no gradient reached.
        counterexample: the smallest case that shows the same mistake, where it was asked for and found.
    """

    target: str
    layer: str
    check: str
    wrt: str
    verdict: Verdict
    message: str = ""
    claimed: float | None = None
    measured: float | None = None
    error: float | None = None
    gap: float | None = None
    allowed: float | None = None
    resolution: float | None = None
    worst: tuple[int, ...] | None = None
    wrong: int | None = None
    entries: int | None = None
    pattern: str | None = None
    reproduce: str = ""
    source: tuple[str, int] | None = None
    reason: str = ""
    role: Role = "local"
    evaluations: int = 0
    curve: tuple[tuple[float, float], ...] = ()
    accepted: str = ""
    table: Table | None = None
    factor: float | None = None
    origin: str = ""
    part_of: str = ""
    trend: str = ""
    note: str = ""
    counterexample: Counterexample | None = None

    def but(self, **changes: Any) -> Finding:
        """Return the same with some fields changed, as `dataclasses.replace` does, at a tenth of its price."""
        return self.changed(changes)

    def changed(self, changes: dict[str, Any]) -> Finding:
        """Return the same with the fields of a dictionary, as `but` does."""
        own = self.__dict__
        told = own | changes
        if len(told) > len(own):
            raise TypeError(f"a Finding has no {', '.join(changes.keys() - own.keys())}")
        other = object.__new__(Finding)
        object.__setattr__(other, "__dict__", told)
        return other

    @property
    def quantity(self) -> tuple[str, str]:
        """(layer, wrt): what a culprit is named by."""
        return self.layer, self.wrt

    @property
    def of_the_audit(self) -> bool:
        """Whether it speaks not of a derivative but of a layer without a target, or of an idle entry of a baseline."""
        return self.check in (COVERAGE, STALE)

    @property
    def place(self) -> str:
        """The quantity as `--only` names it: "W", or "0 Dense.W" where a target holds several layers'."""
        return self.wrt if self.role == "local" or not self.wrt else f"{self.layer}.{self.wrt}"

    @property
    def id(self) -> str:
        """Stable name of the finding, "target:quantity:check": what baselines and expected failures are keyed by."""
        return f"{self.target}:{self.place}:{self.check}"
