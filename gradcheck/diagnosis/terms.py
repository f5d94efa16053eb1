"""A term of the derivative that is missing: which one, where it can be told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import prod

import numpy as np

from gradcheck.diagnosis.anatomy import Anatomy, Subject
from gradcheck.diagnosis.formulas import rate_of
from gradcheck.diagnosis.guess import Case, Guess, residual
from gradcheck.diagnosis.quantities import known
from gradcheck.point import Array

__all__ = ["branch", "regulariser", "repeats", "statistics"]


def branch(subject: Subject, case: Case) -> Iterator[Guess]:
    """The gap is the cotangent itself: the skip of a residual block."""
    if not all(a.complete and a.output == a.shape and a.y.size > 2 for a in case):
        return
    for sign in (1.0, -1.0):
        fits = residual(case, ((a.claimed + sign * np.eye(a.y.size), a.measured) for a in case))
        if fits is not None and not all(_diagonal(a.measured) for a in case):
            if sign > 0:
                text = (
                    "measured − claimed is the cotangent itself: an identity is left out, as of the branch around "
                    "in y = x + f(x)"
                )
                yield Guess("missing_term", text, fits, 0.6)
            else:
                yield Guess(
                    "extra_term",
                    "claimed − measured is the cotangent itself: a branch that is not there, or counted twice",
                    fits,
                    0.6,
                )
            return


def _diagonal(jacobian: Array) -> bool:
    off = jacobian - np.diag(np.diag(jacobian))
    return bool(np.linalg.norm(off) <= 1e-9 * np.linalg.norm(jacobian))


_NO_MEAN = 1e-4  # what may be left of a mean where it is subtracted; of a length an ε in the root leaves more
_Basis = Callable[[Array], list[Array]]
_PATHS: tuple[tuple[str, str, _Basis], ...] = (
    ("one and the same number", "mean", lambda x: [np.ones_like(x)]),
    ("proportional to x minus its mean", "variance", lambda x: [x - x.mean(-1, keepdims=True)]),
    ("proportional to x", "length (root mean square)", lambda x: [x]),
    (
        "a number and a multiple of x",
        "mean and the variance",
        lambda x: [np.ones_like(x), x - x.mean(-1, keepdims=True)],
    ),
)


def statistics(subject: Subject, case: Case) -> Iterator[Guess]:
    """The gap is constant over a group (the mean's path), or follows x there (the variance's, or the length's).

    The largest group is asked first: what one number explains in all of it is one number in each of its parts too.
    """
    whole = all(a.columns.size == a.block.size for a in case)
    if not whole or case[0].output is None or not 1 <= len(case[0].shape) <= 4:
        return
    for group in _groups(case[0].shape):
        for words, path, basis in _PATHS:
            count = len(basis(np.ones((1, 1, 2))))
            if group.size < count + 2 or _sparse(case[0], group):
                continue
            fits = residual(case, (_along(a, group, basis) for a in case))
            if fits is not None:
                slug, what = _judged(case, group, basis, path)
                rank = (1.9 if slug == "offset" else 1.0) + 0.1 * count + 0.05 * len(group.axes)
                yield Guess(slug, f"the gap is {words} along {group.words} of {case[0].name}: {what}", fits, rank)
                return


@dataclass(frozen=True, slots=True)
class _Group:
    """Axes that share a statistic, of a shape that may have its channels parted.

    Args:
        shape: of the block, one axis in two where it is parted.
        axes: that are averaged over.
        words: for a person, in the block's own axes.
    """

    shape: tuple[int, ...]
    axes: tuple[int, ...]
    words: str

    @property
    def size(self) -> int:
        """Entries of a group."""
        return prod(self.shape[k] for k in self.axes)


def _groups(shape: tuple[int, ...]) -> list[_Group]:
    """Return the groups of axes, the largest first; channels in parts too, as of a group normalisation."""
    tall = [k for k in range(len(shape)) if shape[k] > 1]
    found = []
    for count in range(1, len(tall) + 1):
        for axes in combinations(tall, count):
            found.append(_Group(shape, axes, _told(axes)))
            for k in {axes[0] if axes[0] == 1 else axes[-1]} if len(shape) > 1 else ():
                for part in (n for n in range(2, shape[k]) if shape[k] % n == 0):
                    parted = (*shape[:k], shape[k] // part, part, *shape[k + 1 :])
                    moved = tuple(j + (j >= k) for j in axes)
                    rest = tuple(j for j in axes if j != k)
                    words = f"{part} places of axis {k}" + (f" and {_told(rest)}" if rest else "")
                    found.append(_Group(parted, moved, words))
    return sorted(found, key=lambda group: -group.size)


def _told(axes: tuple[int, ...]) -> str:
    return f"axis {axes[0]}" if len(axes) == 1 else f"axes {', '.join(map(str, axes))}"


def _along(a: Anatomy, group: _Group, basis: _Basis) -> tuple[Array, Array]:
    """Return (claimed with its gap's projection added, measured), both grouped and flat."""
    gap = _grouped(a.measured - a.claimed, group)
    part = _projected(gap, basis(_grouped(a.block.reshape(1, -1), group))).reshape(len(a.rows), -1)
    claimed, measured = (_grouped(each, group).reshape(len(a.rows), -1) for each in (a.claimed, a.measured))
    return claimed + part, measured


def _judged(case: Case, group: _Group, basis: _Basis, path: str) -> tuple[str, str]:
    """Tell a path that is left out (what is measured is orthogonal to it, what is claimed not) from other gaps."""
    if case[0].y.size == 1:
        return "offset", "a term is off by that"
    kept = left = 0.0
    for a in case:
        vectors = basis(_grouped(a.block.reshape(1, -1), group))
        kept += float(np.linalg.norm(_projected(_grouped(a.claimed, group), vectors)))
        left += float(np.linalg.norm(_projected(_grouped(a.measured, group), vectors)))
    if left <= (_NO_MEAN if path == "mean" else 0.2) * kept:
        whole = _share(case, group, basis)
        if whole is None:
            return "missing_term", f"the path through the {path} is left out, or has a wrong constant"
        if abs(whole) < 1e-6:
            return "wrong_term", f"the path through the {path} is taken over other places, or along another axis"
        if abs(whole - 1) < 0.1:
            return "missing_term", f"the path through the {path} is left out"
        return "wrong_term", f"the path through the {path} has a wrong constant, off by {abs(whole):.3g} of it"
    if kept <= 0.2 * left:
        return "extra_term", f"a path through the {path} that is not there"
    return "offset", "a term is off by that"


def _share(case: Case, group: _Group, basis: _Basis) -> float | None:
    """Return how much of a path is missing, 1 for all of it, where rows are s (1 − Σ b bᵀ) with unit vectors b."""
    if case[0].output != case[0].shape:
        return None
    found: list[float] = []
    for a in case:
        x = _grouped(a.block.reshape(1, -1), group)
        measured, gap = _grouped(a.measured, group), _grouped(a.measured - a.claimed, group)
        own = _grouped(np.eye(a.y.size)[a.rows], group)
        choices = []
        for others in (basis(x), [np.ones_like(x), x - x.mean(-1, keepdims=True)]):
            fraction = np.sum(_projected(own, others) * own, axis=(1, 2))
            diagonal = np.sum(measured * own, axis=(1, 2))
            scale = diagonal / np.where(np.abs(1 - fraction) > 1e-3, 1 - fraction, np.nan)
            due = -scale[:, None, None] * _projected(own, basis(x))
            usable = np.isfinite(scale)
            choices.append(float(np.sum(due[usable] * gap[usable]) / max(float(np.sum(due[usable] ** 2)), 1e-300)))
        found.append(min(choices, key=lambda c: abs(c - 1)))
    return float(np.median(found))


def _grouped(rows: Array, group: _Group) -> Array:
    """(rows, groups, size of a group)"""
    shape, axes = group.shape, group.axes
    shaped = rows.reshape(len(rows), *shape)
    rest = [k + 1 for k in range(len(shape)) if k not in axes]
    size = prod(shape[k] for k in axes)
    return np.asarray(shaped.transpose(0, *rest, *(k + 1 for k in axes)).reshape(len(rows), -1, size))


def _projected(gap: Array, basis: Sequence[Array]) -> Array:
    """Project each group's gap on the span of a few vectors."""
    out = np.zeros_like(gap)
    kept: list[Array] = []
    for vector in basis:
        v = vector + np.zeros((1, gap.shape[1], gap.shape[2]))
        for other in kept:
            v = v - np.sum(v * other, -1, keepdims=True) * other
        norm = np.linalg.norm(v, axis=-1, keepdims=True)
        kept.append(np.divide(v, norm, out=np.zeros_like(v), where=norm > 1e-12))
    for v in kept:
        out = out + np.sum(gap * v, -1, keepdims=True) * v
    return out


def _sparse(a: Anatomy, group: _Group) -> bool:
    """Whether most groups hold no gap, so that few numbers would be explained by as many free ones."""
    size = np.linalg.norm(_grouped(a.measured - a.claimed, group), axis=-1)
    return int(np.sum(size > 1e-6 * size.max(initial=0.0))) * (group.size - 2) < 6


def regulariser(subject: Subject, case: Case) -> Iterator[Guess]:
    """The gap is a multiple of the block, or of its signs, whatever the rest: the derivative of a penalty."""
    if any(a.y.size != 1 or a.block.size < 3 for a in case):
        return
    forms: tuple[tuple[Callable[[Anatomy], Array], str, str], ...] = (
        (lambda a: a.block.ravel(), "{0:.6g} × {1}", "the derivative of a squared penalty"),
        (lambda a: np.sign(a.block.ravel()), "{0:.6g} × sign({1})", "the derivative of an absolute penalty"),
    )
    for form, words, what in forms:
        top = sum(float(np.sum((a.measured - a.claimed)[0] * form(a)[a.columns])) for a in case)
        bottom = sum(float(np.sum(form(a)[a.columns] ** 2)) for a in case)
        signs = {float(v) for a in case for v in np.sign(a.block).ravel()}
        if bottom == 0 or (len(signs) < 2 and "sign" in words):
            continue
        rate = top / bottom
        fits = residual(case, ((a.claimed + rate * form(a)[a.columns][None, :], a.measured) for a in case))
        if fits is not None:
            told = words.format(abs(rate), case[0].name)
            which = "measured − claimed" if rate > 0 else "claimed − measured"
            beside = _difference(case)
            if beside:
                text = (
                    f"measured is a multiple of {beside}, claimed is not, and {which} = {told}: one end of it "
                    "is left out, or has another constant"
                )
                yield Guess("missing_term", text, fits, 0.7)
                return
            text = f"{which} = {told}: {what} is left out, or has another constant"
            yield Guess("regulariser", text, fits, 0.7)
            return


def _difference(case: Case) -> str:
    """Return "y − t" where measured is a multiple of it and one of the two is the block; else ""."""
    for told, arrays in known(case):
        names = told.split(" − ")
        if len(names) == 2 and case[0].name in names and rate_of([a.measured[0] for a in case], arrays) is not None:
            return told
    return ""


def repeats(subject: Subject, case: Case) -> Iterator[Guess]:
    """Of several outputs that share an entry through an index only one counts."""
    indexed = any(isinstance(v, np.ndarray) and v.dtype.kind in "iu" for v in case[0].values)
    if any(a.rows.size < a.y.size for a in case):
        return
    several = 0
    for a in case:
        size = np.abs(a.measured)
        used = size > 1e-9 * size.max(initial=0.0)
        kept = np.abs(a.claimed) > 1e-9 * size.max(initial=0.0)
        right = np.abs(a.claimed - a.measured) <= 1e-6 * size
        if np.any(kept & ~used) or np.any(kept & ~right):
            return
        counts, left = used.sum(0), kept.sum(0)
        if np.any((counts >= 1) & (left != 1)) or not np.any(counts > 1):
            return
        several += int(np.sum(counts > 1))
        firsts, lasts = used.argmax(0), used.shape[0] - 1 - used[::-1].argmax(0)
        chosen = kept.argmax(0)
        many = counts > 1
        if not (np.all(chosen[many] == lasts[many]) or np.all(chosen[many] == firsts[many])):
            return
    text = f"of several outputs that share an entry of {case[0].name} only one counts: written over, not accumulated"
    yield Guess(
        "overwritten_repeats", text, 0.0, 0.5 if indexed else 1.3
    )  # without an index, a sum left out is likelier
