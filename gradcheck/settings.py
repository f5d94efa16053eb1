"""How hard to look: one frozen record, handed to everything that measures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from gradcheck.errors import InputError

__all__ = ["EFFORTS", "Effort", "EffortName", "Settings"]

EffortName = Literal["quick", "standard", "thorough"]


@dataclass(frozen=True, slots=True)
class Effort:
    """What an effort level spends.

    Args:
        probes: random directions a block, each with a cotangent of its own; two of three where those show what the
            third would, and up to 16 where error bars are about as large as the resolution.
        entries: blocks of at most so many entries are also measured entry by entry.
        budget: forward evaluations a block may cost, localisation included; as many once more where mistakes in faint
            entries would hide, which are asked for one at a time.
    """

    probes: int
    entries: int
    budget: int


EFFORTS: dict[str, Effort] = {
    "quick": Effort(probes=1, entries=0, budget=400),
    "standard": Effort(probes=3, entries=8, budget=4_000),
    "thorough": Effort(probes=5, entries=256, budget=40_000),
}


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user asked for.

    Args:
        seed: every random number of a check is drawn from this seed and the target's name, so that
            the same target gives the same answer whatever else is checked beside it.
        effort: "quick", "standard" or "thorough".
        resolution: largest relative error that an AGREES may leave unseen; None for what the
            precision of the point allows (1e-6 in float64, 1e-3 in float32 and below).
        tolerance: a gap below this fraction of the block's own gradient is of no interest
            (a deliberate approximation); None for none. The gap is reported all the same.
        counterexample: whether each failure is made as small as it can be; None for effort "thorough" alone, because
            it costs as much again as the check of a quantity that fails (0.1 to 2 s), and nothing where all agree.

    Example:
        >>> Settings(effort="quick").budget.probes
        1
    """

    seed: int = 0
    effort: EffortName = "standard"
    resolution: float | None = None
    tolerance: float | None = None
    counterexample: bool | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        if self.effort not in get_args(EffortName):
            raise InputError(f"Expected effort to be one of {', '.join(EFFORTS)} but got effort={self.effort!r}")
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or self.seed < 0:
            raise InputError(f"Expected seed to be a non-negative integer but got seed={self.seed!r}")
        for name in ("resolution", "tolerance"):
            value = getattr(self, name)
            if value is not None and not 0 < value < 1:
                raise InputError(f"Expected {name} to lie in (0, 1) but got {name}={value!r}")

    @property
    def minimises(self) -> bool:
        """Whether failures are made as small as they can be."""
        return self.effort == "thorough" if self.counterexample is None else self.counterexample

    @property
    def budget(self) -> Effort:
        """What this effort level spends."""
        return EFFORTS[self.effort]
