"""Where a constant factor comes from: measured again with fewer samples or outputs, else read off the sizes in play."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import log, prod
from typing import Any

import numpy as np

from gradcheck.diagnosis.anatomy import Anatomy, Subject, dissect
from gradcheck.diagnosis.guess import Case, residual
from gradcheck.point import Array

__all__ = ["CLOSE", "Origin", "common_factor", "error_of_factor", "origin_of", "sizes_of"]

_NICE = {
    2.0: "2",
    0.5: "1/2",
    4.0: "4",
    0.25: "1/4",
    3.0: "3",
    1 / 3: "1/3",
    -2.0: "-2",
    -0.5: "-1/2",
    -1.0: "-1",
    np.pi: "π",
    1 / np.pi: "1/π",
    2 * np.pi: "2π",
    float(np.log(2)): "ln 2",
    float(1 / np.log(2)): "1/ln 2",
    float(np.log(10)): "ln 10",
    float(1 / np.log(10)): "1/ln 10",
    float(np.sqrt(2)): "√2",
    float(1 / np.sqrt(2)): "1/√2",
    1e-3: "1/1000",
    1e3: "1000",
    10.0: "10",
    0.1: "1/10",
    100.0: "100",
    0.01: "1/100",
}
CLOSE = 1e-6  # relative distance at which a measured constant counts as the number


def common_factor(case: Case) -> float | None:
    """Return a with claimed = a × measured at every entry, row and point, or None."""
    top = bottom = 0.0
    data = 0
    for a in case:
        weight = _weight(a)
        top += float(np.sum(a.claimed * a.measured * weight**2))
        bottom += float(np.sum((a.measured * weight) ** 2))
        data += int(np.sum(np.abs(a.measured) > 1e-9 * np.max(np.abs(a.measured), initial=1e-300)))
    if bottom == 0 or data < 2:
        return None
    ratio = top / bottom
    fits = residual(case, [(a.claimed, ratio * a.measured) for a in case])
    return None if fits is None or abs(ratio) < 1e-12 else ratio


def error_of_factor(case: Case) -> float:
    """Return the relative error that the measured derivatives leave in their common factor."""
    bars = sum(float(np.sum((a.error * _weight(a)) ** 2)) for a in case)
    sizes = sum(float(np.sum((a.measured * _weight(a)) ** 2)) for a in case)
    return float(np.sqrt(bars / sizes)) if sizes else 0.0


def _weight(a: Anatomy) -> Array:
    """(c,) what makes each entry count alike, and each by its noise where that is more than 1e-6 of it."""
    sizes = np.linalg.norm(a.measured, axis=0)
    seen = sizes > 1e-12 * np.max(sizes, initial=0.0)
    return np.asarray(np.divide(1.0, sizes * np.maximum(1.0, a.noise / CLOSE), out=np.zeros_like(sizes), where=seen))


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a constant comes from.

    Args:
        text: for the message, beginning with a semicolon; "" where nothing is known.
        power: exponent of the batch, where that was measured or is the only reading; else None.
        rest: what remains beside the batch.
        expression: "batch · outputs / 2" where known, else "".
    """

    text: str
    power: int | None = None
    rest: float | None = None
    expression: str = ""


def origin_of(subject: Subject, case: Case, ratio: float) -> Origin:
    """Return where a factor comes from: from fewer rows and columns where these can be cut, else read off."""
    known = _exponents(subject, case, ratio)
    summed = _summed(case)
    batch = next(((power, size) for label, size, power in known if label == "batch"), (-1, 0))
    due = 0 if case[0].output and case[0].shape[:1] == case[0].output[:1] else -1  # whether samples are added up too
    if summed > 2 and abs(ratio * summed - 1) < CLOSE and batch[0] in (due, -1) and batch[1] != summed:
        text = f"; that is 1/{summed}, the {summed} outputs that an entry of {case[0].name} goes into"
        return Origin(f"{text}: a mean where a sum belongs", -1, 1.0, f"1 / {summed}")
    positions = _positions(case[0], ratio) if batch[0] in (0, -1) else None
    if positions is not None and not any(power for _, _, power in known):
        return positions
    if any(power for _, _, power in known):
        found = _expression(known, ratio)
        if found is not None:
            return found
    if all(power == 0 for _, _, power in known):
        told = next((told for number, told in _NICE.items() if abs(ratio / number - 1) < CLOSE), None)
        if told is not None and (known or not any(_reads(ratio, size) for _, size in sizes_of(case))):
            return Origin(f"; {told}{_GUESSES.get(told, '')}" if told in _GUESSES or known else "", 0, ratio, told)
    return _read_off(subject, case, ratio, without_batch=any(label == "batch" for label, _, _ in known))


def _extents(a: Anatomy, output: tuple[int, ...]) -> list[int]:
    """Return over how many places of each axis of the output an entry's derivatives reach, at the most."""
    found = [0] * len(output)
    for column in np.abs(a.jacobian.T):
        grid = (column > 1e-9 * column.max(initial=0.0)).reshape(output)
        axes = [tuple(j for j in range(grid.ndim) if j != k) for k in range(grid.ndim)]
        found = [max(most, int(grid.any(rest).sum())) for most, rest in zip(found, axes, strict=True)]
    return found


def _positions(a: Anatomy, ratio: float) -> Origin | None:
    """Return the one axis beside the batch that a parameter's gradient is averaged over, not summed, if it is one."""
    if not a.output or len(a.output) < 3 or a.shape[:1] == a.output[:1]:
        return None
    for k, (size, count) in enumerate(zip(a.output, _extents(a, a.output), strict=True)):
        if k and size == count > 2 and abs(ratio * size - 1) < CLOSE:
            text = f"; that is 1/{size}, axis {k} of the output ({size}): a mean over it where a sum belongs?"
            return Origin(text, -1, 1.0, "")
    return None


def _summed(case: Case) -> int:
    """Return how many outputs an entry goes into, of a parameter or where it is copied; 1 of others."""
    a = case[0]
    if not a.output:
        return 1
    if a.shape[:1] != a.output[:1]:
        return prod(_extents(a, a.output))
    used = np.abs(a.jacobian) > 1e-9 * np.max(np.abs(a.jacobian), initial=0.0)
    known = {int(n) for n in used.sum(axis=0)} - {0}
    columns = [column[inside] for column, inside in zip(a.jacobian.T, used.T, strict=True) if inside.any()]
    copied = all(np.ptp(each) <= 1e-7 * np.max(np.abs(each)) for each in columns)
    return known.pop() if len(known) == 1 and copied else 1


_GUESSES = {"2": ": a factor 2 too much, or a half left out", "1/2": ": a 2 left out, or a half too much"}


def _reads(ratio: float, size: int) -> bool:
    return any(abs(ratio / number - 1) < CLOSE for number in (size, 1 / size))


def _expression(known: Sequence[tuple[str, int, int]], ratio: float) -> Origin | None:
    """Return a factor in terms of the sizes that it was seen to follow, if nothing but a simple number remains."""
    rest = ratio
    above: list[str] = []
    below: list[str] = []
    for label, size, power in known:
        rest /= float(size) ** power
        (above if power > 0 else below).extend([label] * abs(power))
    alone = abs(rest - 1) < 1e-5
    simple = next((told for value, told in _NICE.items() if abs(rest / value - 1) < 1e-5), "")
    if not alone and not simple:
        return None
    if simple.startswith("1/"):
        below.append(simple[2:])
    elif simple:
        above.insert(0, simple)
    expression = " · ".join(above) or "1"
    if below:
        expression += " / " + (below[0] if len(below) == 1 else f"({' · '.join(below)})")
    sizes = ", ".join(f"{label} {size}" for label, size, power in known if power)
    batch = next((power for label, _, power in known if label == "batch"), 0)
    alone = alone and not any(power for label, _, power in known if label != "batch")
    hint = _hint(batch, alone)
    text = f"; that is {expression} ({sizes}; measured again with fewer){hint}"
    return Origin(text, batch, 1.0 if alone else rest, expression)


def _hint(batch: int, alone: bool) -> str:
    if not alone:
        return ""
    return {-1: ": a mean over the batch where a sum belongs", 1: ": the mean over the batch is left out"}.get(
        batch, ""
    )


def sizes_of(case: Case) -> list[tuple[str, int]]:
    """Return the sizes in play: (what it is, how many)."""
    a = case[0]
    found: dict[int, str] = {}
    if a.output is not None and len(a.output) >= 2:
        found.setdefault(a.output[0], "batch")
        found.setdefault(a.output[-1], "outputs")
        for k, size in enumerate(a.output[1:-1], 1):
            found.setdefault(size, f"axis {k} of the output")
    for k, size in enumerate(a.shape):
        found.setdefault(
            size,
            ("batch" if k == 0 else "outputs")
            if a.output in ((), None) and len(a.shape) == 2
            else f"axis {k} of {a.name}",
        )
    for label, value in zip(a.names, a.values, strict=False):
        if isinstance(value, np.ndarray):
            for k, size in enumerate(value.shape):
                found.setdefault(size, f"axis {k} of {label}")
    if a.output:
        found.setdefault(prod(a.output), "entries of the output")
    found.setdefault(prod(a.shape), f"entries of {a.name}")
    return [(label, size) for size, label in found.items() if size >= 2]


def _read_off(subject: Subject, case: Case, ratio: float, *, without_batch: bool) -> Origin:
    """Return what sizes the number could stand for, as a question."""
    simple = next((told for number, told in _NICE.items() if abs(ratio / number - 1) < CLOSE), None)
    readings: list[str] = [] if simple is None else [simple]
    mean = False
    summed = case[0].output is not None and case[0].shape[:1] != case[0].output[:1]  # steps and positions too
    forms: list[tuple[Callable[[int], float], str]] = [
        (lambda n: 1 / n, "1/{0}"),
        (lambda n: float(n), "{0}"),
        (lambda n: 2 / n, "2/{0}"),
        (lambda n: n / 2, "{0}/2"),
        (lambda n: n / (n - 1), "n/(n − 1) for {0}"),
        (lambda n: (n - 1) / n, "(n − 1)/n for {0}"),
        (lambda n: n**0.5, "√{0}"),
        (lambda n: n**-0.5, "1/√{0}"),
        (lambda n: (n / (n - 1)) ** 0.5, "√(n/(n − 1)) for {0}"),
        (lambda n: ((n - 1) / n) ** 0.5, "√((n − 1)/n) for {0}"),
        (lambda n: -1 / n, "-1/{0}"),
        (lambda n: -float(n), "-{0}"),
    ]
    for label, size in sizes_of(case):
        if without_batch and label == "batch":
            continue
        for form, told in forms:
            if abs(ratio / form(size) - 1) < CLOSE:
                readings.append(told.format(f"{label} ({size})"))
                mean = mean or (told == "1/{0}" and (label == "batch" or (summed and "of the output" in label)))
    if not readings:
        return Origin("")
    tail = f"; that is {' or '.join(readings[:3])}"
    if mean and simple is None:
        return Origin(f"{tail}: a mean where a sum belongs?", -1, 1.0, "")
    return Origin(tail)


def _exponents(subject: Subject, case: Case, ratio: float) -> list[tuple[str, int, int]]:
    """Return (size's name, size, power) of the sizes that could be cut: how the factor follows them."""
    found = []
    for label, size, cut in _cuts(subject, case[0]):
        other_size = size - 1 if size > 2 else 3
        smaller = cut(other_size)
        if smaller is None:
            continue
        other = common_factor([smaller])
        if other is None or other * ratio <= 0:
            if abs(ratio - 1) > 1e-3 and _same(smaller):
                other = 1.0
            else:
                continue
        power = log(other / ratio) / log(other_size / size)
        if abs(power - round(power)) < 1e-3 and abs(round(power)) <= 2:
            found.append((label, size, round(power)))
    return found


def _same(a: Anatomy) -> bool:
    gap = float(np.linalg.norm(a.claimed - a.measured))
    return gap <= 1e-6 * float(np.linalg.norm(a.measured)) > 0


def _cuts(subject: Subject, a: Anatomy) -> Iterator[tuple[str, int, Callable[[int], Anatomy | None]]]:
    """Yield axes along which the point can be made smaller: the batch, and the outputs of a loss or affine layer."""
    first = next((v for v in a.values if isinstance(v, np.ndarray) and v.ndim >= 1 and v.dtype.kind in "fiu"), None)
    if first is None:
        return
    scalar = a.output == ()
    shape = a.shape if scalar else a.output
    if not shape or len(shape) < 2:
        return
    batch, last = shape[0], shape[-1]
    if not scalar and np.shape(first)[:1] != (batch,):  # a shared operand comes first
        beside = [n for n, v in zip(a.names, a.values, strict=True) if n != a.name and np.shape(v)[:1] == (batch,)]
        first = a.values[a.names.index(beside[0])] if beside else first
    alike = {n for n, v in zip(a.names, a.values, strict=True) if scalar and np.shape(v) == a.shape}
    carried = {"x", "X", "y", "y_hat", "Y", "Y_hat", *a.names[:1], *alike}
    carried |= {n for n, v in zip(a.names, a.values, strict=True) if v is first}
    if batch >= 2 and (scalar or (np.ndim(first) >= 2 and np.shape(first)[0] == batch)):
        yield "batch", batch, lambda n: _again(subject, a, n, 0, carried, batch)
    if scalar:
        yield "outputs", last, lambda n: _again(subject, a, n, -1, carried, last)
    elif last >= 2 and {"W", "b"} <= set(a.names):
        yield "outputs", last, lambda n: _again(subject, a, n, -1, {"W", "b"}, last)


def _again(subject: Subject, a: Anatomy, size: int, axis: int, which: set[str], whole: int) -> Anatomy | None:
    """Return the anatomy with an axis cut, or None where the function does not bear it."""
    values: list[Any] = []
    for name, value in zip(a.names, a.values, strict=True):
        beside = a.output == () and axis == 0 and np.shape(value)[:1] == (whole,)  # labels, weights of the samples
        cut = isinstance(value, np.ndarray) and (name in which or beside) and np.shape(value)[axis:][:1] == (whole,)
        values.append(
            np.ascontiguousarray(np.take(value, [k % whole for k in range(size)], axis=axis)) if cut else value
        )
    y = subject.evaluate(values)
    if y is None or not np.all(np.isfinite(y)):
        return None
    expected = a.y.size if a.output == () else a.y.size // whole * size
    if y.size != expected:
        return None
    block: Array = values[a.names.index(a.name)]
    columns: Sequence[int] | None = None if block.size <= 40 else list(range(0, block.size, -(-block.size // 40)))
    return dissect(subject, a.name, values, columns=columns, most_rows=24)
