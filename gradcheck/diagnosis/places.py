"""Mistakes in a part of the block: which part, by place or by value, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import comb

import numpy as np

from gradcheck.diagnosis.anatomy import Anatomy, Subject
from gradcheck.diagnosis.guess import Case, Guess, residual
from gradcheck.diagnosis.quantities import known
from gradcheck.diagnosis.regions import filled, region_of
from gradcheck.point import Array

__all__ = ["column_factors", "columns", "off", "parts", "relation_of", "row_factors"]

_OFF = 1e-7
_CLEAR = 0.01  # of an entry, that ten of its bars may be at the most for it to be judged
_CHANCE = 1e6  # ways to choose the wrong entries, of which a quantity has to hit the one


@dataclass(frozen=True, slots=True)
class _Judged:
    """The measured entries of an anatomy. Those that are neither have no derivative, or too faint a one to judge.

    Args:
        wrong: (c,) claimed is another multiple of measured than one.
        right: (c,) claimed is measured.
        factors: (c,) claimed over measured, NaN where there is no derivative.
    """

    wrong: Array
    right: Array
    factors: Array


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
    judged = [_judged(each, a) for each, a in zip(factors, case, strict=True)]
    if not all(each.wrong.any() for each in judged):
        return
    left = max(
        residual([a], [(a.claimed, np.where(np.isnan(f), 1.0, f) * a.measured)]) or 0.0
        for a, f in zip(case, factors, strict=True)
    )
    if not any(each.right.any() for each in judged):
        yield from _alternating(case, factors, left)
        return
    if not all(each.right.any() for each in judged):
        return
    values = np.concatenate([each.factors[each.wrong] for each in judged])
    relation = relation_of(values)
    name, shape = case[0].name, case[0].shape
    wrong, right = (np.any(found, axis=0) for found in _each(judged))
    constant = not np.any(wrong & right)
    told = _by_value(judged, [a.block.ravel()[a.columns] for a in case], name)
    if told is None and case[0].output == shape and all(a.y.size == a.block.size for a in case):
        told = _by_value(judged, [a.y[a.columns] for a in case], "the output")
    if told is None and not constant:
        told = _by_another(judged, case)
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
        region = region_of(filled(wrong, right, case[0].columns, shape), shape, name)
        vague = relation is None and region is not None and region.slug in ("part", "boundary")
        if region is not None and not vague and (len(case) > 1 or region.slug == "one_entry"):
            what = relation or "is off by different factors"
            yield Guess(region.slug, f"{region.text} is wrong, the rest right: there claimed {what}", left, 1.0)
            return
    count, others = (sum(int(each.sum()) for each in found) for found in _each(judged))
    if relation == "is zero" and constant and _all_but_the_diagonal(wrong, right, case[0]):
        text = f"only the diagonal of {name} is claimed, and right there; the rest is zero"
        yield Guess("diagonal", text, left, 0.9)
    elif relation == "is zero" and len(case) > 1 and count >= 4 and others >= 4:
        text = (
            f"claimed is zero at {count} of {count + others} entries of {name} that have a derivative, and right at "
            "the rest"
        )
        yield Guess("mask", f"{text}: a mask that is not there, or is taken from a wrong array", left, 1.6)


def _alternating(case: Case, factors: list[Array], left: float) -> Iterator[Guess]:
    """Neighbours are off by opposite amounts."""
    signs: Array = 1.0 - 2.0 * (case[0].columns % 2)
    for axis in range(-1, len(case[0].shape)):
        if axis >= 0:
            signs = 1.0 - 2.0 * (np.unravel_index(case[0].columns, case[0].shape)[axis] % 2)
        amounts = np.concatenate([(f - 1) * signs for f in factors])
        seen = np.isfinite(amounts)
        if seen.sum() < 6 or np.ptp(np.tile(signs, len(case))[seen]) == 0:  # along an axis of one place
            continue
        if np.allclose(amounts[seen], amounts[seen][0], rtol=1e-4, atol=0):
            size = abs(amounts[seen][0])
            text = f"neighbouring entries of {case[0].name} are off by opposite amounts, ± {size:.4g} of their own"
            yield Guess("alternating", text, left, 1.0)
            return


def _judged(factors: Array, a: Anatomy) -> _Judged:
    bars = 10 * a.noise
    seen = np.isfinite(factors) & (bars <= _CLEAR)
    wrong = seen & (np.abs(factors - 1) > max(_OFF, 10 * a.tolerance) + bars)
    return _Judged(wrong, seen & ~wrong, factors)


def _each(judged: list[_Judged]) -> tuple[list[Array], list[Array]]:
    return [each.wrong for each in judged], [each.right for each in judged]


def relation_of(values: Array) -> str | None:
    """Return what claimed is, "is zero" or "= 2 × measured", for its factors; None where they are not one."""
    if np.all(np.abs(values) < 1e-9):
        return "is zero"
    if np.allclose(values, values[0], rtol=1e-5, atol=0):
        return "has the sign turned" if abs(values[0] + 1) < 1e-6 else f"= {values[0]:.7g} × measured"
    return None


def _by_value(judged: list[_Judged], blocks: list[Array], name: str) -> tuple[str, str] | None:
    """Return (slug, words) where the wrong entries are those beyond a threshold of a value.

    Entries of which nothing is seen have to lie outside, lest something be said of them.
    """
    inside = np.concatenate([b[each.wrong] for b, each in zip(blocks, judged, strict=True)])
    outside = np.concatenate([b[~each.wrong] for b, each in zip(blocks, judged, strict=True)])
    if inside.size < 2 or sum(int(each.right.sum()) for each in judged) < 2:
        return None
    if np.all(inside < 0) and np.all(outside >= 0):
        return "mask", f"{name} < 0"
    if np.all(inside > 0) and np.all(outside <= 0):
        return "mask", f"{name} > 0"
    size = np.abs(inside), np.abs(outside)
    if size[0].min() > size[1].max():
        return "saturation", f"|{name}| > {_between(float(size[1].max()), float(size[0].min()))}"
    if inside.min() > outside.max():
        return "saturation", f"{name} > {_between(float(outside.max()), float(inside.min()))}"
    if inside.max() < outside.min():
        return "saturation", f"{name} < {_between(float(inside.max()), float(outside.min()))}"
    near, far = float(size[0].max()), float(size[1].min())
    return ("one_side", f"|{name}| < {_between(near, far)}") if 0 < near < far else None  # at zero it is a kink


def _all_but_the_diagonal(wrong: Array, right: Array, a: Anatomy) -> bool:
    """Whether what is wrong of a square block, or of its last two axes, is all that lies beside the diagonal."""
    if len(a.shape) < 2 or a.shape[-1] != a.shape[-2] or a.columns.size < a.block.size:
        return False
    diagonal = np.broadcast_to(np.eye(a.shape[-1], dtype=bool), a.shape).ravel()
    return not np.any(wrong & diagonal) and not np.any(right & ~diagonal)


def _by_another(judged: list[_Judged], case: Case) -> tuple[str, str] | None:
    """Return (slug, words) where another quantity of the block's shape tells the wrong entries from the others."""
    count, others = (sum(int(each.sum()) for each in found) for found in _each(judged))
    if comb(count + others, count) < _CHANCE:
        return None
    for told, arrays in known(case):
        name = told if told.isidentifier() else f"({told})"
        found = _by_value(judged, [v[a.columns] for v, a in zip(arrays, case, strict=True)], name)
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
            region = region_of(filled(wrong[0], ~wrong[0], a.columns, a.shape), a.shape, a.name)
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
