"""Paths through time that are cut: of the input itself, and of what is shared by all steps."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradcheck.diagnosis.anatomy import Subject, dissect
from gradcheck.diagnosis.guess import Case, Guess, residual
from gradcheck.diagnosis.places import off
from gradcheck.diagnosis.regions import region_of

__all__ = ["cut_elsewhere", "truncated"]

_MOST = 120  # entries of the input whose own path is looked at for a parameter's sake


def truncated(subject: Subject, case: Case) -> Iterator[Guess]:
    """Right up to a distance between an input's and an output's place along an axis, zero beyond."""
    a = case[0]
    if a.output is None or not all(each.complete for each in case):
        return
    for k in range(len(a.shape)):
        for m in range(len(a.output)):
            if a.shape[k] != a.output[m] or a.shape[k] < 3:
                continue
            index_in = np.unravel_index(np.arange(a.block.size), a.shape)[k]
            index_out = np.unravel_index(np.arange(a.y.size), a.output)[m]
            lag = index_out[:, None] - index_in[None, :]
            for signed, told in ((lag, "earlier"), (-lag, "later")):
                causal = all(
                    np.linalg.norm(each.measured[signed < 0]) <= 1e-9 * np.linalg.norm(each.measured) for each in case
                )
                reaching = np.linalg.norm(a.measured[signed >= a.shape[k] - 1]) > 1e-9 * np.linalg.norm(a.measured)
                if not causal or not reaching:
                    continue
                for reach in range(a.shape[k] - 1):
                    fits = residual(
                        case, ((each.claimed, np.where(signed <= reach, each.measured, 0.0)) for each in case)
                    )
                    if fits is not None:
                        text = (
                            f"claimed is right for outputs up to {reach} steps away along axis {k} of "
                            f"{a.name} and zero for what is {told}: the path through time is cut"
                        )
                        yield Guess("truncated_time", text, fits, 0.8)
                        return


def cut_elsewhere(subject: Subject, case: Case) -> Iterator[Guess]:
    """A parameter of all steps is wrong for late outputs only, and the input's own path through time is cut."""
    a = case[0]
    if not a.output or len(a.output) < 2 or a.rows.size < a.y.size or len(case) < 2:
        return
    wrong = [off(each, 1) for each in case]
    region = region_of(wrong[0], a.output, "the output")
    if region is None or any(not np.array_equal(w, wrong[0]) for w in wrong):
        return
    for name in subject.blocks:
        value = np.asarray(subject.values[subject.index(name)])
        if name == a.name or value.ndim < 2 or value.size > _MOST:
            continue
        theirs = [dissect(subject, name, each.values) for each in case]
        found = [] if any(t is None for t in theirs) else list(truncated(subject, [t for t in theirs if t is not None]))
        if found:
            text = f"what {region.text} sends back to {a.name} is wrong, the rest right, and so is the path to {name}"
            yield Guess("truncated_time", f"{text}: {found[0].text}", 0.0, 1.8)
            return
