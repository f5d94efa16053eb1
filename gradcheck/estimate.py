"""A measured derivative: value, error bar, cost and what was seen on the way, always together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Estimate", "Kind", "Slope"]

Kind = Literal["smooth", "rough", "kink", "onesided", "flat", "none"]


@dataclass(frozen=True, slots=True)
class Slope:
    """A one-sided derivative: value ± error."""

    value: float
    error: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """The derivative of φ(t) = ⟨u, f(x + t v)⟩ at t = 0, measured.

    Everything is measured in defect form: `gap` is measured minus claimed, found from differences
    from which the claim's own prediction was taken away first.

    Args:
        claimed: ⟨g, v⟩, what the backward pass says.
        gap: measured − claimed.
        error: bar on the gap, in the same unit; inf where nothing could be measured.
        kind: "smooth"; "rough" (the levels do not fall as a smooth function's do); "kink" (left and
            right slopes differ); "onesided" (only one side could be evaluated); "flat" (no
            evaluation changed the output); "none".
        scale: ‖g ∘ v‖₂, what ⟨g, v⟩ would be without cancellation; resolutions are relative to it.
        magnitude: ‖u ∘ y‖₂ of the outputs that move, what φ's rounding is relative to.
        secant: greatest |φ(t)/t| that was seen, the slope that the function shows at long steps.
        noise: standard deviation of φ that was measured or assumed.
        truncation: part of `error` that comes from the step's length.
        rounding: part of `error` that comes from noise.
        evaluations: forward evaluations that it cost.
        left: slope for t ↑ 0, where fitted.
        right: slope for t ↓ 0, where fitted.
        curve: (step, gap at that step), coarsest first: how the gap moves with the step.
    """

    claimed: float
    gap: float
    error: float
    kind: Kind
    scale: float
    magnitude: float
    secant: float
    noise: float
    truncation: float
    rounding: float
    evaluations: int
    left: Slope | None = None
    right: Slope | None = None
    curve: tuple[tuple[float, float], ...] = ()

    @property
    def measured(self) -> float:
        """The measured derivative, claimed + gap."""
        return self.claimed + self.gap
