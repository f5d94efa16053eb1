"""Mistakes in what some of the outputs send back: their cotangents are dropped, scaled or turned."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

import numpy as np

from gradcheck.diagnosis.anatomy import Anatomy, Subject
from gradcheck.diagnosis.guess import Case, Guess, residual
from gradcheck.diagnosis.places import relation_of, row_factors
from gradcheck.diagnosis.regions import region_of
from gradcheck.point import Array

__all__ = ["rows", "sent_back"]


def rows(subject: Subject, case: Case) -> Iterator[Guess]:
    """Claimed is measured but for some of the outputs, whose cotangents are dropped or scaled."""
    output = case[0].output
    scaled = [row_factors(a) for a in case]
    factors = [each for each in scaled if each is not None]
    if len(factors) < len(case) or not output or any(not np.array_equal(a.rows, case[0].rows) for a in case):
        return
    seen = np.all([np.isfinite(f) for f in factors], axis=0)
    f = factors[0]
    if not all(np.allclose(g[seen], f[seen], rtol=1e-5, atol=1e-9) for g in factors) or seen.sum() < 3:
        return
    wrong = seen & (np.abs(f - 1) > 1e-6)
    if not wrong.any() or wrong[seen].all():
        return
    left = max(
        residual([a], [(a.claimed, np.where(np.isnan(g), 1.0, g)[:, None] * a.measured)]) or 0.0
        for a, g in zip(case, factors, strict=True)
    )
    name, what = case[0].name, relation_of(f[wrong])
    whole = [np.zeros(prod(output), dtype=bool) for _ in range(2)]
    for inside, full in zip((seen, wrong), whole, strict=True):
        full[case[0].rows] = inside
    met, spoilt = whole
    if what == "is zero" and _shared(case[0], wrong):
        slab = _slab((met & ~spoilt) | ~met, output, met & ~spoilt)
        region = None if slab is not None or not met.all() else region_of(~spoilt, output, "the output")
        if slab is not None or region is not None:
            only = f"index {slab[1]} of axis {slab[0]} of the output" if slab is not None else region and region.text
            text = f"only {only} reaches {name}: the sum over the rest is left out"
            yield Guess("missing_sum", text, left, 1.0)
            return
    dropped = region_of(spoilt, output, "the output") if met.all() else None
    if dropped is not None and what is not None:
        slug = "missing_sum" if what == "is zero" and _shared(case[0], wrong) else dropped.slug
        yield Guess(slug, f"what {dropped.text} sends back to {name} is wrong: there claimed {what}", left, 1.2)


def _shared(a: Anatomy, dropped: Array) -> bool:
    """Whether an entry of the block reaches outputs of both kinds, so that what is dropped is part of a sum."""
    size = np.abs(a.measured)
    used = size > 1e-9 * size.max(initial=0.0)
    return bool(np.any(used[dropped].any(0) & used[~dropped].any(0)))


def sent_back(subject: Subject, case: Case) -> Iterator[Guess]:
    """Of several outputs, what one or more send back is left out, turned or multiplied, and the others' is right."""
    if len(subject.leaves) < 2 or case[0].output is not None:
        return
    ends = np.cumsum([size for _, size in subject.leaves])
    factors: dict[str, float] = {}
    for (name, size), end in zip(subject.leaves, ends, strict=True):
        ratios = []
        for a in case:
            mine = (a.rows >= end - size) & (a.rows < end)
            measured, claimed = a.measured[mine], a.claimed[mine]
            whole = float(np.linalg.norm(measured))
            if whole <= 1e-9 * float(np.linalg.norm(a.measured)):
                if np.linalg.norm(claimed) > 1e-9 * np.linalg.norm(a.claimed):
                    return
                continue
            ratio = float(np.sum(measured * claimed)) / whole**2
            if float(np.linalg.norm(claimed - ratio * measured)) > 1e-6 * whole:
                return
            ratios.append(ratio)
        if ratios:
            if not np.allclose(ratios, ratios[0], rtol=1e-6, atol=1e-9):
                return
            factors[name] = ratios[0]
    wrong = {name: r for name, r in factors.items() if abs(r - 1) > 1e-6}
    if not wrong or len(wrong) == len(factors):
        return
    outputs = {name: f"output {name}" if name.isdigit() else name for name in wrong}
    told = "; ".join(f"from {outputs[name]} is {_how_much(r)}" for name, r in wrong.items())
    slug = "missing_term" if all(abs(r) < 1e-9 for r in wrong.values()) else "wrong_term"
    yield Guess(slug, f"what comes back {told}, the rest is right", 0.0, 0.4)


def _how_much(ratio: float) -> str:
    return (
        "left out"
        if abs(ratio) < 1e-9
        else "of the other sign"
        if abs(ratio + 1) < 1e-6
        else f"{ratio:.6g} times too much"
    )


def _slab(kept: Array, shape: tuple[int, ...], least: Array) -> tuple[int, int] | None:
    """Return (axis, index) if the outputs that count are one slab, as far as can be seen."""
    for axis in range(len(shape)):
        if shape[axis] < 2:
            continue
        for index in (0, shape[axis] - 1, *range(1, shape[axis] - 1)):
            slab = np.zeros(shape, dtype=bool)
            slab[(slice(None),) * axis + (index,)] = True
            flat = slab.ravel()
            if np.all(kept[flat]) and not np.any(least[~flat]):
                return axis, index
    return None
