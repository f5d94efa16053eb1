"""Learning rates that change: each is called with the number of a step, counted from 0, and returns its rate."""

import math
from dataclasses import dataclass

from netcore.optimisers.rule import Rate, rate


@dataclass(frozen=True)
class StepDecay:
    """start · factor^⌊t / every⌋.

    Example:
        >>> [StepDecay(1.0, 0.5, 2)(t) for t in range(5)]
        [1.0, 1.0, 0.5, 0.5, 0.25]
    """

    start: float
    factor: float
    every: int

    def __call__(self, t: int) -> float:
        """Return the rate of step t."""
        return self.start * self.factor ** (t // self.every)


@dataclass(frozen=True)
class ExponentialDecay:
    """start · factor^{t / every}, the smooth form of StepDecay.

    Example:
        >>> [ExponentialDecay(1.0, 0.5)(t) for t in range(4)]
        [1.0, 0.5, 0.25, 0.125]
    """

    start: float
    factor: float
    every: int = 1

    def __call__(self, t: int) -> float:
        """Return the rate of step t."""
        return float(self.start * self.factor ** (t / self.every))


@dataclass(frozen=True)
class CosineDecay:
    """From start to end along half a cosine in so many steps, then end.

    Source: Loshchilov and Hutter 2017, "SGDR", without restarts.

    Example:
        >>> [round(CosineDecay(1.0, 4)(t), 3) for t in range(5)]
        [1.0, 0.854, 0.5, 0.146, 0.0]
    """

    start: float
    steps: int
    end: float = 0.0

    def __call__(self, t: int) -> float:
        """Return the rate of step t."""
        done = min(t / self.steps, 1.0)
        return self.end + (self.start - self.end) * (1 + math.cos(math.pi * done)) / 2


@dataclass(frozen=True)
class Warmup:
    """Rise linearly to another schedule, or to a constant rate, in so many steps; step 0 is 1 / steps of it.

    Example:
        >>> [Warmup(1.0, 4)(t) for t in range(5)]
        [0.25, 0.5, 0.75, 1.0, 1.0]
    """

    then: Rate
    steps: int

    def __call__(self, t: int) -> float:
        """Return the rate of step t."""
        return rate(self.then, t) * min((t + 1) / self.steps, 1.0)
