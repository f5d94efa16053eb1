"""What a ladder of steps rests on: its constants by precision, and the weights that extrapolate its levels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import prod

__all__ = ["Constants", "constants_for", "weights"]


@dataclass(frozen=True, slots=True)
class Constants:
    """What the measurement rests on; measured over 61 families of functions, see the tests of calibration.

    Args:
        noise: multiplier of the noise in the rounding bar.
        safe: multiplier of the table's differences in the truncation bar.
        first: levels that are evaluated to begin with.
        coarsest: coarsest level; beyond it a function is averaged out.
        far: (level, error) that is worth it, relative to the scale: such steps leave all that was given, and beyond it
            an iteration may not end.
        finest: finest level.
        window: finest level that a window may use; below it, rounding that repeats looks smooth.
        target: stop refining at this error relative to the scale.
        again: the same, where a measurement of the same block came first and told the noise.
        most: forward evaluations at the most.
        structure: how many times the finer noise a coarser residual may be.
        noisy: how many times the floor noise may be before it has to be confirmed as noise.
    """

    noise: float = 10.0
    safe: float = 2.0
    first: tuple[int, ...] = (0, 1, 2, 4, 6)
    coarsest: int = -3
    far: tuple[tuple[int, float], ...] = ((-2, 1e-8), (-3, 3e-7))
    finest: int = 12
    window: int = 8
    target: float = 1e-10
    again: float = 1e-9
    most: int = 41
    structure: float = 8.0
    noisy: float = 100.0
    frozen: float = 1e4


@lru_cache(maxsize=64)
def constants_for(eps: float) -> Constants:
    """Return the constants for functions evaluated with spacing eps."""
    if eps < 1e-12:
        return Constants()
    target = 2e-4 if eps < 1e-5 else 2e-2
    return Constants(window=5, target=target, again=target, finest=8, far=())


_Weights = tuple[float, ...]


@lru_cache(maxsize=4096)
def weights(levels: tuple[int, int, int], power: int, eps: float) -> tuple[_Weights, _Weights, _Weights]:
    """Return the weights that extrapolate values with errors in h^power, h^2power, … at `levels` to h = 0.

    Of all three levels, of the two finer ones, and of the two coarser ones.
    """

    def of(some: tuple[int, ...]) -> _Weights:
        powers = [eps ** (power * k / 16) for k in some]
        return tuple(
            prod(other / (other - own) for j, other in enumerate(powers) if j != i) for i, own in enumerate(powers)
        )

    return of(levels), of(levels[1:]), of(levels[:2])
