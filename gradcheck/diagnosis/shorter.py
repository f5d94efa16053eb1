"""A function of a sequence, given its first step alone: what is wrong within a step shows there by itself.

Through time a mistake of one step compounds, and nothing simple is left of it in the whole gradient: a slope that is
left out of an RNN is a factor at every step. In a sequence of one step it stands alone.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck.diagnosis.anatomy import Subject

__all__ = ["one_step"]


def one_step(subject: Subject) -> Subject | None:
    """Return a subject of the first step of its sequences, None where it is no function of them, step after step."""
    shape = next((v.shape for v in subject.values if isinstance(v, np.ndarray) and v.dtype.kind == "f"), ())
    if len(shape) != 3 or shape[1] < 2 or not subject.output or len(subject.output) < 2:
        return None
    batch, steps, _ = shape
    values = [_first(v, batch, steps) for v in subject.values]
    before = subject.evaluate(subject.values)
    y = subject.evaluate(values)
    output = subject.output
    if y is None or before is None or not np.all(np.isfinite(y)):
        return None
    if output[:2] == (batch, steps):
        if y.size * steps != before.size:
            return None
        # the first output is that of the first step alone: no later one enters
        if not np.allclose(before.reshape(output)[:, 0].ravel(), y, rtol=1e-9, atol=1e-12):
            return None
        return replace(subject, values=tuple(values), output=(batch, 1, *output[2:]))
    return replace(subject, values=tuple(values)) if y.size == before.size and output[0] == batch else None


def _first(value: Any, batch: int, steps: int) -> Any:
    cut = isinstance(value, np.ndarray) and value.shape[:2] == (batch, steps) and value.ndim > 1
    return np.ascontiguousarray(value[:, :1]) if cut else value
