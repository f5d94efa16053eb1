"""Right or zero, and the zeros in the wrong places: of a ReLU, a dropout, a maximum."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradcheck.diagnosis.anatomy import Anatomy, Subject
from gradcheck.diagnosis.guess import Case, Guess

__all__ = ["masks"]


def masks(subject: Subject, case: Case) -> Iterator[Guess]:
    """Right or zero in all-or-nothing fashion, and a zero on one side stands against a number on the other."""
    for along, words in ((1, "outputs"), (0, "entries")):
        extra = missing = same = 0
        for a in case:
            claimed, measured, error = (each if along else each.T for each in (a.claimed, a.measured, a.error))
            if claimed.shape[1] < 1 or claimed.shape[0] < 3:
                break
            size, own = np.linalg.norm(measured, axis=1), np.linalg.norm(claimed, axis=1)
            bar = np.linalg.norm(error, axis=1)
            # a saturated output stands still, and says nothing of a claim below its own rounding
            still = (size <= 1e-6 * own) & (30 * bar <= own)
            nothing = still | ((size <= 6 * bar) & (bar <= 1e-6 * own)) | (size + own == 0)
            unclaimed = (own == 0) & (size > 0) & (size >= 30 * bar)
            gap = np.linalg.norm(claimed - measured, axis=1)
            right = gap <= 10 * a.tolerance * size + 6 * np.linalg.norm(error, axis=1)
            if np.any(~right & ~nothing & ~unclaimed):
                break
            extra += int(np.sum(nothing & (own > 0)))
            missing += int(np.sum(unclaimed & ~nothing))
            same += int(np.sum(right & ~nothing))
        else:
            if extra >= 2 and missing >= 2 and same == 0 and all(_elementwise(a) for a in case):
                text = f"claimed is zero where {case[0].name} has a derivative, and only there: the mask is turned"
                yield Guess("mask", text, max(a.tolerance for a in case), 0.65)
                return
            if extra >= 2 and same >= 2:
                left = max(a.tolerance for a in case)
                name = case[0].name
                if missing == 0:
                    text = (
                        f"{extra} {words} have a derivative of zero and are claimed to have another, the {same} "
                        "others are "
                        f"right: a mask is left out of the gradient of {name}, or taken from a wrong array"
                    )
                else:
                    text = (
                        f"{extra} {words} whose derivative is zero are claimed to have one, {missing} the other "
                        "way round, "
                        f"and {same} are right: the mask of the gradient of {name} is taken from a wrong array"
                    )
                yield Guess("mask", text, left, 0.65)
                return
    yield from _chosen(case)


def _chosen(case: Case) -> Iterator[Guess]:
    """Each output takes its derivative to one entry, which follows the point, and claimed takes it to another."""
    places = []
    for a in case:
        claimed, measured = np.abs(a.claimed), np.abs(a.measured)
        sizes = measured.max(axis=1, initial=0.0)
        alone = all(np.all(np.sum(m > 1e-6 * sizes[:, None], axis=1) == 1) for m in (claimed, measured))
        if len(sizes) < 4 or np.any(sizes == 0) or not alone:
            return
        if not np.allclose(a.claimed.sum(axis=1), a.measured.sum(axis=1), rtol=1e-6, atol=0):
            return
        places.append((claimed.argmax(axis=1), measured.argmax(axis=1)))
    moves = any(m.shape == places[0][1].shape and not np.array_equal(m, places[0][1]) for _, m in places[1:])
    if not moves or sum(int(np.sum(c != m)) for c, m in places) < 2:
        return
    if all(np.array_equal(np.sort(c), np.sort(m)) for c, m in places):
        text = f"each output depends on one entry of {case[0].name}, and is handed the gradient of another output's"
        yield Guess("permuted", f"{text}: an order where its inverse belongs, or two that are exchanged", 0.0, 1.4)
    else:
        text = f"each output depends on one entry of {case[0].name}, and another one is handed its gradient"
        yield Guess("mask", f"{text}: the mask of a maximum is taken from a wrong array", 0.0, 1.4)


def _elementwise(a: Anatomy) -> bool:
    if not a.complete or a.output != a.shape:
        return False
    return all(np.count_nonzero(j - np.diag(np.diag(j))) == 0 for j in (a.claimed, a.measured))
