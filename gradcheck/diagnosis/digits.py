"""Right but for its last digits: claims that were computed or kept in a lower precision."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradcheck.diagnosis.anatomy import Subject
from gradcheck.diagnosis.guess import Case, Guess

__all__ = ["digits"]

_KINDS = ((np.float16, 1e-3), (np.float32, 2e-7))


def digits(subject: Subject, case: Case) -> Iterator[Guess]:
    """Every claimed number is one of a lower precision, or has few digits, and the gap is of that size."""
    if subject.eps > 1e-15:
        return
    claimed = np.concatenate([a.everything.ravel() for a in case])
    claimed = claimed[claimed != 0]
    gap = np.sqrt(sum(float(np.sum((a.claimed - a.measured) ** 2)) for a in case))
    size = np.sqrt(sum(float(np.sum(a.measured**2)) for a in case))
    bar = np.sqrt(sum(float(np.sum(a.error**2)) for a in case))
    if size == 0 or claimed.size < 4 or gap <= 3 * bar:
        return
    share = gap / size
    for kind, eps in _KINDS:
        with np.errstate(over="ignore"):
            narrow = np.array_equal(claimed.astype(kind).astype(float), claimed)
        # whole and short numbers are of every precision: they prove nothing
        long = np.mean(claimed.astype(np.float16).astype(float) != claimed) if kind is np.float32 else 1.0
        if narrow and share <= 100 * eps and long > 0.5 and np.mean(np.round(claimed, 3) != claimed) > 0.3:
            name = np.dtype(kind).name
            yield Guess(
                "low_precision",
                f"every claimed number is a {name}, and the gap is {share:.1g} of the gradient",
                share,
                0.5,
            )
            return
    if share <= 1e-2 and np.unique(claimed).size > 0.3 * claimed.size:  # 0, 1 and a slope are short as they are
        for number in range(2, 8):
            for a in case:
                top = np.max(np.abs(a.everything), initial=0.0)
                if top == 0:
                    return
            scales = [10.0 ** (number - np.ceil(np.log10(np.max(np.abs(a.everything))))) for a in case]
            kept = all(
                np.allclose(a.everything * s, np.round(a.everything * s), rtol=0, atol=1e-6)
                for a, s in zip(case, scales, strict=True)
            )
            if kept and share <= 10.0 ** (1 - number):
                yield Guess(
                    "low_precision",
                    f"every claimed number has {number} digits, and the gap is {share:.1g} of the gradient",
                    share,
                    0.5,
                )
                return
