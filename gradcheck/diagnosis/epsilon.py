"""A small ε beside a value, as in log(p + ε): in the forward and not in the derivative, or the other way round."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradcheck.diagnosis.anatomy import Anatomy, Subject
from gradcheck.diagnosis.guess import Case, Guess
from gradcheck.diagnosis.quantities import known
from gradcheck.point import Array

__all__ = ["epsilon"]

_IN_USE = (1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12)
_FEWEST = 8  # entries that have to give the same ε
_CLOSE = 0.02  # relative, of an ε that an entry gives: they lie a factor of ten apart
_BARS = 30.0  # of the measured derivatives; what such a gap is told from has a wide margin


def epsilon(subject: Subject, case: Case) -> Iterator[Guess]:
    """Claimed × v is measured × (v + ε), or the other way round, at every entry, for one ε of those in use.

    Of a loss that takes v of some entries and 1 − v of others (a cross-entropy) either counts.
    """
    ratios = [_ratio(a, subject.eps) for a in case]
    for told, arrays in known(case):
        values = [v[a.columns] for v, a in zip(arrays, case, strict=True)]
        inner = told if told.isidentifier() else f"({told})"
        for words, forms in ((inner, (values,)), (f"{inner}, or 1 − {inner},", (values, [1 - v for v in values]))):
            for forward in (True, False):
                found = _common(ratios if forward else [(1 / r, bar) for r, bar in ratios], forms)
                if found is None:
                    continue
                here, there = ("forward", "derivative") if forward else ("derivative", "forward")
                text = f"as if {found:.0e} were added to {words} in the {here} and not in the {there}"
                yield Guess("missing_term" if forward else "wrong_term", f"claimed is off {text}", _CLOSE, 0.7)
                return


def _ratio(a: Anatomy, eps: float) -> tuple[Array, Array]:
    """Return claimed over measured of each entry, zero where they are no multiples, and how far it can be trusted."""
    bar, size = _BARS * (a.noise + eps), np.linalg.norm(a.measured, axis=0)
    with np.errstate(all="ignore"):
        ratio = np.sum(a.claimed * a.measured, axis=0) / size**2
        beside = np.linalg.norm(a.claimed - ratio * a.measured, axis=0) / size
    return np.where(beside > bar, 0.0, ratio), bar


def _common(ratios: list[tuple[Array, Array]], forms: tuple[list[Array], ...]) -> float | None:
    """Return the ε with ratio = (v + ε) / v at every entry, each with the v of one of the forms; or None."""
    with np.errstate(all="ignore"):
        for tried in _IN_USE:
            counts, sizes = 0, []
            for number, (ratio, bar) in enumerate(ratios):
                due = np.stack([tried / form[number] for form in forms])
                gap = np.abs(ratio - 1 - due) <= _CLOSE * np.abs(due) + bar
                if not np.all(gap.any(axis=0) | ~np.isfinite(ratio)):
                    break
                clear = gap & (_CLOSE * np.abs(due) > bar)
                counts += int(clear.any(axis=0).sum())
                sizes += [float(v) for v in np.abs(due[clear])]
            else:
                if counts >= _FEWEST and max(sizes) > 1.5 * min(sizes):
                    return tried
    return None
