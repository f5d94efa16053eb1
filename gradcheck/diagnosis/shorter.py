"""A function of a sequence, given its first step alone: what is wrong within a step shows there by itself.

Through time a mistake of one step compounds, and nothing simple is left of it in the whole gradient: a slope that is
left out of an RNN is a factor at every step. In a sequence of one step it stands alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck.diagnosis.anatomy import Subject
from gradcheck.point import Array

__all__ = ["last_step", "one_step", "sequence_of"]


def one_step(subject: Subject) -> Subject | None:
    """Return a subject of the first step of its sequences, None where it is no function of them, step after step."""
    name = sequence_of(subject)
    if name is None or not subject.output:
        return None
    shape = np.shape(subject.values[subject.index(name)])
    cuts = (_cut(subject, shape, axis) for axis in (1, 0) if shape[axis] > 1)
    return next((cut for cut in cuts if cut is not None), None)


def sequence_of(subject: Subject) -> str | None:
    """Return the name of the input that has steps, if it has the three axes of one."""
    pairs = zip(subject.names, subject.values, strict=True)
    first = next(((n, v) for n, v in pairs if isinstance(v, np.ndarray) and v.dtype.kind == "f"), None)
    return first[0] if first is not None and first[1].ndim == 3 else None


def _cut(subject: Subject, shape: tuple[int, ...], axis: int) -> Subject | None:
    """Return the subject of the first place of an axis, None where that is no axis of steps."""
    output = subject.output or ()
    values = [_first(v, shape, axis) for v in subject.values]
    later = [_first(v, shape, axis, moved=0.1) for v in subject.values]
    before, y, other = (subject.evaluate(each) for each in (subject.values, values, later))
    if before is None or y is None or other is None or other.shape != before.shape or not np.all(np.isfinite(y)):
        return None
    if output[:2] != shape[:2]:  # a last state, of as many numbers whatever the steps
        return replace(subject, values=tuple(values)) if y.size == before.size and output[0] == shape[0] else None
    if y.size * shape[axis] != before.size:
        return None
    first, rest = np.split(before.reshape(output), [1], axis)
    # the first output is that of the first step alone, and later ones follow it: steps, not samples
    follows = not np.allclose(np.split(other.reshape(output), [1], axis)[1], rest, rtol=1e-9, atol=0)
    if not follows or not np.allclose(first.ravel(), y, rtol=1e-9, atol=1e-12):
        return None
    return replace(subject, values=tuple(values), output=tuple(1 if k == axis else n for k, n in enumerate(output)))


def _first(value: Any, shape: tuple[int, ...], axis: int, moved: float = 0.0) -> Any:
    """Return a sequence's first step alone, or the whole of it with the first step moved."""
    if not isinstance(value, np.ndarray) or value.ndim < 2 or value.shape[:2] != shape[:2]:
        return value
    if not moved:
        return np.ascontiguousarray(np.take(value, [0], axis=axis))
    step = (np.arange(shape[axis]) == 0).reshape([-1 if k == axis else 1 for k in range(value.ndim)])
    return value + moved * step * (value.dtype.kind == "f")


def last_step(subject: Subject, name: str) -> Subject | None:
    """Return a subject of the last step of a sequence, given the steps before it; None where outputs have no steps.

    What is right of the first step alone, where the state is still zero, may not be of a later one.
    """
    place = subject.index(name)
    whole = np.asarray(subject.values[place], dtype=float)
    output = subject.output or ()
    axis = next((k for k in (1, 0) if _cut(subject, whole.shape, k) is not None), None)
    if axis is None:
        return None
    stepped = output[:2] == whole.shape[:2]
    before, last = np.split(whole, [whole.shape[axis] - 1], axis)
    kept = np.split(np.arange(np.prod(output, dtype=int)).reshape(output), [whole.shape[axis] - 1], axis)[1]
    rows = kept.ravel() if stepped else np.arange(np.prod(output, dtype=int))

    def full(values: Sequence[Any]) -> list[Any]:
        return [*values[:place], np.concatenate([before, values[place]], axis), *values[place + 1 :]]

    def evaluate(values: Sequence[Any]) -> Array | None:
        y = subject.evaluate(full(values))
        return None if y is None else y[rows]

    def pull(values: Sequence[Any], cotangents: Sequence[Array]) -> list[Mapping[str, Any]] | None:
        wide = [np.zeros(int(np.prod(output))) for _ in cotangents]
        for u, w in zip(cotangents, wide, strict=True):
            w[rows] = u
        answers = subject.pull(full(values), wide)
        if answers is None or any(g.get(name) is None for g in answers):
            return None
        return [{**g, name: np.split(g[name], [whole.shape[axis] - 1], axis)[1]} for g in answers]

    shape = tuple(1 if k == axis else n for k, n in enumerate(output)) if stepped else output
    values = (*subject.values[:place], last, *subject.values[place + 1 :])
    return replace(subject, values=values, blocks=(name,), evaluate=evaluate, pull=pull, output=shape)
