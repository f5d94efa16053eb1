"""The smallest case that was found to show the same mistake, as plain data."""

from __future__ import annotations

from dataclasses import dataclass

from gradcheck.report.text import plural, printable

__all__ = ["Counterexample", "Numbers"]


@dataclass(frozen=True, slots=True)
class Numbers:
    """An array, or a number where `shape` is empty, as text can hold it.

    Args:
        name: of the input or output, dotted in a nest.
        dtype: name of its numpy dtype.
        shape: of the array.
        values: in C order.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Counterexample:
    """A failure shrunk: fewest and smallest axes first, then the shortest numbers, and the same mistake throughout.

    Args:
        code: a program that shows it with numpy and the user's own code alone.
        sizes: (hyper-parameter, value) of those that were made smaller, dotted in a nest: ("layer.n_in", 1).
        inputs: numeric inputs of the target, in its order.
        cotangent: of every output.
        place: the entry of the failing quantity that shows it; None where the form of the gradient is wrong.
        claimed: derivative that the backward gives at that entry, None where its form is wrong.
        measured: derivative that was measured there.
        tried: candidates that were tried on the way.
        stopped: why shrinking ended before nothing smaller was left to try; "" where it did not.
    """

    code: str
    sizes: tuple[tuple[str, int], ...]
    inputs: tuple[Numbers, ...]
    cotangent: tuple[Numbers, ...]
    place: tuple[int, ...] | None = None
    claimed: float | None = None
    measured: float | None = None
    tried: int = 0
    stopped: str = ""

    @property
    def lines(self) -> tuple[str, ...]:
        """The code, line by line, safe to print."""
        return tuple(printable(line) for line in self.code.rstrip().split("\n"))

    @property
    def told(self) -> str:
        """What it is, in one line."""
        numbers = sum(len(each.values) for each in self.inputs)
        sizes = "".join(f", {name} = {size}" for name, size in self.sizes)
        ended = f"; ended because {self.stopped}" if self.stopped else ""
        text = f"the smallest case found that shows it: {plural(numbers, 'number')}{sizes}"
        return printable(f"{text} ({plural(self.tried, 'candidate')} tried{ended})")
