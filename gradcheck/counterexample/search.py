"""Make a sequence of choices as small as a condition allows, from one for which it is known to hold.

A plain loop, and not Hypothesis, which was measured here first. `hypothesis.find` cannot be told to start from a known
example: it takes none, what `@example` gives is not shrunk, and a seed switches the example database off. So it starts
from a random draw that shows the mistake. Among 200 draws there is none where one entry of many is wrong; and where
sizes are linked (the layers of a chain) what it draws leaves the links behind that make them fall together: mistakes
planted in a Sequential of netcore came out with 19 numbers and 160 to 215 candidates, those of this loop with 6 to 11
numbers and 47 to 86 candidates. On the other cases the results were of one size, in 0.7 times the time without it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

__all__ = ["Budget", "Choices", "Enough", "smallest"]

Choices = tuple[int, ...]


class Enough(BaseException):
    """The budget is used up; no Exception, because those that candidates raise are caught."""


@dataclass
class Budget:
    """What the search for one counterexample may cost.

    Args:
        candidates: that may be tried. It ends a search before the time does, unless the function is slow, so that the
            same target gives the same counterexample on every machine.
        seconds: of processor time, which other programs on the machine do not use up.
        tried: candidates so far.
        stopped: what ended the search early, "" while nothing has.
    """

    candidates: int = 1500
    seconds: float = 20.0
    tried: int = 0
    stopped: str = ""
    start: float = field(default_factory=time.process_time)

    def spend(self) -> None:
        """Count one candidate.

        Raises:
            Enough: the budget is used up.
        """
        if self.tried >= self.candidates:
            self.stopped = f"{self.candidates} candidates were tried"
        elif time.process_time() - self.start > self.seconds:
            self.stopped = f"{self.seconds:g} s were spent"
        if self.stopped:
            raise Enough
        self.tried += 1


def smallest(start: Sequence[int], shows: Callable[[Choices], bool]) -> Choices:
    """Return choices of which none can be lowered, neither alone nor together with all that are equal to it.

    Args:
        start: non-negative; the condition holds there. No choice is ever raised.
        shows: the condition; `Enough`, raised by it, ends the search with the best so far.

    Example:
        >>> smallest((4, 2, 5, 4, 3), lambda c: c[0] == c[3] >= 1 and c[2] >= 1)
        (1, 0, 1, 1, 0)
    """
    best = tuple(start)
    failed: set[Choices] = set()
    try:
        while (lower := _lower(best, shows, failed)) is not None:
            best = lower
    except Enough:
        pass  # the best so far stands
    return best


def _lower(best: Choices, shows: Callable[[Choices], bool], failed: set[Choices]) -> Choices | None:
    """Return the first of the next lower choices that shows; what does not is remembered."""
    for group, most in _groups(best):
        for choice in _below(most):
            lower = tuple(choice if i in group else c for i, c in enumerate(best))
            if lower in failed:
                continue
            if shows(lower):
                return lower
            failed.add(lower)
    return None


def _groups(best: Choices) -> Iterator[tuple[set[int], int]]:
    """Yield (positions, their choice): all of one size together first, then each alone."""
    for size in sorted(set(best) - {0}, reverse=True):
        alike = {i for i, c in enumerate(best) if c == size}
        if len(alike) > 1:
            yield alike, size
    for i, c in enumerate(best):
        if c:
            yield {i}, c


def _below(most: int) -> Iterator[int]:
    """Yield choices below one, the smallest first: all of the small ones, then fractions, then the next."""
    yield from range(min(most, 16))
    if most > 16:
        yield from dict.fromkeys(c for c in (most // 4, most // 2, most - most // 8, most - 1) if c >= 16)
