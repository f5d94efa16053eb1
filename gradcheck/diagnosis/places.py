"""Mistakes in a part of the block, or of the outputs: which part, by place or by value, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import comb, prod

import numpy as np

from gradcheck.diagnosis.anatomy import Anatomy, Subject
from gradcheck.diagnosis.guess import Case, Guess, residual
from gradcheck.diagnosis.quantities import known
from gradcheck.diagnosis.regions import filled, region_of
from gradcheck.point import Array

__all__ = ["column_factors", "columns", "off", "parts", "row_factors", "rows", "sent_back"]

_OFF = 1e-7
_CHANCE = 1e6  # ways to choose the wrong entries, of which a quantity has to hit the one


def column_factors(a: Anatomy) -> Array | None:
    """(c,) a_i with claimed[:, i] = a_i × measured[:, i] for every entry i, NaN where nothing is seen; or None."""
    return _factors(a.claimed, a.measured, a.error, a.tolerance)


def row_factors(a: Anatomy) -> Array | None:
    """(r,) a with claimed[j] = a_j × measured[j] for every output j; NaN where nothing is seen; or None."""
    return _factors(a.claimed.T, a.measured.T, a.error.T, a.tolerance)


def _factors(claimed: Array, measured: Array, error: Array, tolerance: float) -> Array | None:
    top, bottom = np.sum(claimed * measured, axis=0), np.sum(measured**2, axis=0)
    own = np.sum(claimed**2, axis=0)
    whole = np.median(np.sqrt(bottom[bottom > 0])) if np.any(bottom > 0) else 0.0
    seen = np.sqrt(bottom) > 1e-9 * whole
    if np.any(~seen & (np.sqrt(own) > 1e-6 * whole)):
        return None
    found = np.divide(top, bottom, out=np.full(top.shape, np.nan), where=seen)
    left = np.linalg.norm(claimed - np.where(seen, found, 0.0) * measured, axis=0)
    allowed = 10 * tolerance * (np.sqrt(own) + np.sqrt(bottom)) + 6 * np.linalg.norm(error, axis=0)
    return found if np.all(left <= allowed + 1e-300) else None


def columns(subject: Subject, case: Case) -> Iterator[Guess]:
    """Claimed is measured but for a part of the block, where it is a factor, a turned sign or zero."""
    scaled = [column_factors(a) for a in case]
    factors = [each for each in scaled if each is not None]
    if len(factors) < len(case):
        return
    wrong = [_wrong(each, a) for each, a in zip(factors, case, strict=True)]
    if any(not w.any() for w in wrong):
        return
    left = max(
        residual([a], [(a.claimed, np.where(np.isnan(f), 1.0, f) * a.measured)]) or 0.0
        for a, f in zip(case, factors, strict=True)
    )
    if all(w.all() for w in wrong):
        yield from _alternating(case, factors, left)
        return
    if any(w.all() for w in wrong):
        return
    values = np.concatenate([f[w] for f, w in zip(factors, wrong, strict=True)])
    relation = _relation(values)
    name, shape = case[0].name, case[0].shape
    constant = all(np.array_equal(w, wrong[0]) for w in wrong)
    inside = [a.block.ravel()[a.columns] for a in case]
    told = _by_value(wrong, inside, name)
    if told is None and case[0].output == shape and all(a.y.size == a.block.size for a in case):
        told = _by_value(wrong, [a.y[a.columns] for a in case], "the output")
    if told is None and not constant:
        told = _by_another(wrong, case)
    if told is not None and not constant:
        slug, where = told
        sizes = np.abs(values - 1)
        if relation is not None or (slug == "saturation" and sizes.min() >= 0.02 * sizes.max()):
            if slug == "mask" and relation != "is zero":
                slug = "one_side"
            elif slug == "one_side" and relation == "is zero":
                slug = "mask"
            text = f"wrong only where {where}: there claimed {relation or 'is another function'}"
            yield Guess(slug, text, left, 1.7)
        return
    if constant:
        region = region_of(filled(wrong[0], case[0].columns, shape), shape, name)
        vague = relation is None and region is not None and region.slug in ("part", "boundary")
        if region is not None and not vague and (len(case) > 1 or region.slug == "one_entry"):
            what = relation or "is off by different factors"
            yield Guess(region.slug, f"{region.text} is wrong, the rest right: there claimed {what}", left, 1.0)
            return
    count, whole = (sum(int(np.sum(each)) for each in found) for found in (wrong, [np.isfinite(f) for f in factors]))
    if relation == "is zero" and constant and _diagonal_of(wrong[0], case[0]):
        text = f"only the diagonal of {name} is claimed, and right there; the rest is zero"
        yield Guess("diagonal", text, left, 0.9)
    elif relation == "is zero" and len(case) > 1 and count >= 4 and whole - count >= 4:
        text = f"claimed is zero at {count} of {whole} entries of {name} that have a derivative, and right at the rest"
        yield Guess("mask", f"{text}: a mask that is not there, or is taken from a wrong array", left, 1.6)


def _alternating(case: Case, factors: list[Array], left: float) -> Iterator[Guess]:
    """Neighbours are off by opposite amounts."""
    signs: Array = 1.0 - 2.0 * (case[0].columns % 2)
    for axis in range(-1, len(case[0].shape)):
        if axis >= 0:
            signs = 1.0 - 2.0 * (np.unravel_index(case[0].columns, case[0].shape)[axis] % 2)
        amounts = np.concatenate([(f - 1) * signs for f in factors])
        amounts = amounts[np.isfinite(amounts)]
        if amounts.size >= 6 and np.allclose(amounts, amounts[0], rtol=1e-4, atol=0):
            text = (
                f"neighbouring entries of {case[0].name} are off by opposite amounts, ± "
                f"{abs(amounts[0]):.4g} of their own"
            )
            yield Guess("alternating", text, left, 1.0)
            return


def _wrong(factors: Array, a: Anatomy) -> Array:
    noise = np.linalg.norm(a.error, axis=0) / np.maximum(np.linalg.norm(a.measured, axis=0), 1e-300)
    return np.asarray(np.isfinite(factors) & (np.abs(factors - 1) > max(_OFF, 10 * a.tolerance) + 10 * noise))


def _relation(values: Array) -> str | None:
    if np.all(np.abs(values) < 1e-9):
        return "is zero"
    if np.allclose(values, values[0], rtol=1e-5, atol=0):
        return "has the sign turned" if abs(values[0] + 1) < 1e-6 else f"= {values[0]:.7g} × measured"
    return None


def _by_value(wrong: list[Array], blocks: list[Array], name: str) -> tuple[str, str] | None:
    """Return (slug, words) where the wrong entries are those beyond a threshold of a value."""
    inside = np.concatenate([b[w] for b, w in zip(blocks, wrong, strict=True)])
    outside = np.concatenate([b[~w] for b, w in zip(blocks, wrong, strict=True)])
    if inside.size < 2 or outside.size < 2:
        return None
    if np.all(inside < 0) and np.all(outside >= 0):
        return "mask", f"{name} < 0"
    if np.all(inside > 0) and np.all(outside <= 0):
        return "mask", f"{name} > 0"
    tests: list[tuple[Callable[[Array], Array], str]] = [
        (np.abs, f"|{name}|"),
        (lambda v: v, name),
        (lambda v: -v, f"−{name}"),
    ]
    for transform, told in tests:
        low, high = float(transform(inside).min()), float(transform(outside).max())
        if low > high:
            return "saturation", f"{told} > {_between(high, low)}"
    near, far = float(np.abs(inside).max()), float(np.abs(outside).min())
    return ("one_side", f"|{name}| < {_between(near, far)}") if 0 < near < far else None  # at zero it is a kink


def _diagonal_of(wrong: Array, a: Anatomy) -> bool:
    """Whether all but the diagonal of a square block, or of its last two axes, is wrong."""
    if len(a.shape) < 2 or a.shape[-1] != a.shape[-2] or a.columns.size < a.block.size:
        return False
    return bool(np.array_equal(wrong.reshape(a.shape), np.broadcast_to(~np.eye(a.shape[-1], dtype=bool), a.shape)))


def _by_another(wrong: list[Array], case: Case) -> tuple[str, str] | None:
    """Return (slug, words) where another quantity of the block's shape tells the wrong entries from the others."""
    count, whole = sum(int(w.sum()) for w in wrong), sum(w.size for w in wrong)
    if comb(whole, count) < _CHANCE:
        return None
    for told, arrays in known(case):
        name = told if told.isidentifier() else f"({told})"
        found = _by_value(wrong, [v[a.columns] for v, a in zip(arrays, case, strict=True)], name)
        if found is not None:
            return found
    return None


def _between(low: float, high: float) -> str:
    """Return a short number between two."""
    for digits in range(1, 8):
        number = float(f"{(low + high) / 2:.{digits}g}")
        if low <= number <= high:
            return f"{number:g}"
    return f"{(low + high) / 2:g}"


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
    name, what = case[0].name, _relation(f[wrong])
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
    told = "; ".join(f"from {name} is {_how_much(r)}" for name, r in wrong.items())
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


def parts(subject: Subject, case: Case) -> Iterator[Guess]:
    """The wrong entries, or the outputs that send back what is wrong, are a part that has a name; the rest is right."""
    for along, where in ((0, "{0} is wrong, in no simple way, and the rest right"),
                         (1, "what {0} sends back to {1} is wrong, in no simple way, and the rest right")):  # fmt: skip
        wrong = [off(a, along) for a in case]
        if len(case) < 2 or any(not np.array_equal(w, wrong[0]) for w in wrong) or not wrong[0].any():
            continue
        a = case[0]
        size = np.linalg.norm(a.measured, axis=along)
        if not np.any(size[~wrong[0]] > 1e-9 * size.max(initial=0.0)):
            continue  # what is right there has no derivative to be wrong
        if along == 0:
            region = region_of(filled(wrong[0], a.columns, a.shape), a.shape, a.name)
        else:
            region = region_of(wrong[0], a.output, "the output") if a.output and a.rows.size == a.y.size else None
        if region is not None:
            yield Guess(region.slug, where.format(region.text, a.name), 0.0, 2.4 + 0.1 * along)
            return


def off(a: Anatomy, along: int) -> Array:
    """(c,) or (r,) whether what is claimed of an entry, or for an output's cotangent, is wrong."""
    claimed, measured, error = (each if along == 0 else each.T for each in (a.claimed, a.measured, a.error))
    size = np.linalg.norm(measured, axis=0) + np.linalg.norm(claimed, axis=0)
    gap = np.linalg.norm(claimed - measured, axis=0)
    return np.asarray(gap > 10 * a.tolerance * size + 10 * np.linalg.norm(error, axis=0))
