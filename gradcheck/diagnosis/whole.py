"""Mistakes that touch every entry alike: zero, a sign, one constant factor and where it comes from."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

import numpy as np

from gradcheck.diagnosis.anatomy import Anatomy, Subject
from gradcheck.diagnosis.guess import Case, Guess, residual
from gradcheck.diagnosis.origin import CLOSE, common_factor, error_of_factor, origin_of

__all__ = ["averaged", "clipped_values", "counted", "factor", "zero"]

_LARGER = 1e3  # times a cotangent: what is held at a size does not follow
_ROUNDED = 1e-12  # of what is measured: a claim no larger is the rounding of zero


def zero(subject: Subject, case: Case) -> Iterator[Guess]:
    """Nothing is claimed where something was measured, or no more than the rounding of zero."""
    if any(np.linalg.norm(a.measured) <= 1e3 * np.linalg.norm(a.error) for a in case):
        return
    share = max(float(np.linalg.norm(a.everything) / np.linalg.norm(a.measured)) for a in case)
    if share == 0:
        yield Guess("zero", "claimed is zero everywhere, measured is not", 0.0, 0.0, 0.0)
    elif share <= _ROUNDED:
        yield Guess("zero", f"claimed is zero everywhere but for rounding, {share:.0e} of measured", share, 0.0, 0.0)


def averaged(subject: Subject, case: Case) -> Iterator[Guess]:
    """Every entry is claimed to be the mean of all."""
    if any(a.columns.size < prod(a.shape) or a.columns.size < 4 for a in case):
        return
    fits = residual(case, [(a.claimed, np.zeros_like(a.claimed) + a.measured.mean(1, keepdims=True)) for a in case])
    if fits is not None:
        yield Guess(
            "averaged", f"every entry of {case[0].name} is claimed to be the mean of the measured ones", fits, 0.6
        )


def clipped_values(subject: Subject, case: Case) -> Iterator[Guess]:
    """Right up to a size, and that size where measured is larger."""
    for a in case:
        claimed, measured = np.abs(a.claimed).ravel(), np.abs(a.measured).ravel()
        top = float(claimed.max(initial=0.0))
        held = claimed >= top * (1 - 1e-9)
        close = np.abs(a.claimed - a.measured).ravel() <= 1e-6 * measured + 6 * a.error.ravel()
        sound = np.array_equal(np.sign(a.claimed), np.sign(a.measured)) and np.all(measured[held] >= top * (1 - 1e-6))
        if top == 0 or held.sum() < 2 or not sound or not np.all(close[~held]) or np.all(close):
            return
    if _grows(subject, case[0]):
        return
    yield Guess(
        "clipped", f"no claimed entry of {case[0].name} exceeds {top:.6g} in size, where measured ones do", 0.0, 0.6
    )


def _grows(subject: Subject, a: Anatomy) -> bool:
    """Whether what is claimed grows with the cotangent: nothing holds it at a size."""
    u = subject.rng("grows", a.name).uniform(0.5, 1.5, a.y.shape)
    answers = subject.pull(a.values, [u, _LARGER * u])
    if answers is None:
        return False
    once, more = (np.asarray(answer[a.name], dtype=float) for answer in answers)
    return bool(np.allclose(more, _LARGER * once, rtol=1e-5, atol=0.0))


def counted(subject: Subject, case: Case) -> Iterator[Guess]:
    """Each entry is divided by the outputs that share it, or multiplied by the entries that share its output."""
    for along, power, slug, text in (
        (0, -1, "mean_for_sum", "measured / the outputs that an entry goes into: a mean where a sum belongs"),
        (1, 1, "sum_for_mean", "measured × the entries that share its output: the division is left out"),
    ):  # fmt: skip
        if any(a.rows.size < a.y.size or a.columns.size < a.block.size for a in case):
            return
        pairs, kinds = [], set()
        for a in case:
            counts = np.sum(np.abs(a.measured) > 1e-9 * np.max(np.abs(a.measured), initial=0.0), axis=along)
            kinds |= {int(n) for n in counts if n}
            scale = np.maximum(counts, 1).astype(float) ** power
            pairs.append((a.claimed, a.measured * (scale if along == 0 else scale[:, None])))
        fits = residual(case, pairs) if len(kinds) > 1 else None
        if fits is not None:
            yield Guess(slug, f"claimed is {text} ({', '.join(map(str, sorted(kinds)))})", fits, 0.6)
            return


def factor(subject: Subject, case: Case) -> Iterator[Guess]:
    """Claimed is one constant times measured."""
    ratio = common_factor(case)
    if ratio is None:
        return
    left = residual(case, [(a.claimed, ratio * a.measured) for a in case]) or 0.0
    close = max(CLOSE, 3 * error_of_factor(case))
    if abs(ratio + 1) < close:
        yield Guess("sign", "claimed = −1 × measured: the sign is turned", left, 0.1, ratio)
        return
    origin = origin_of(subject, case, ratio)
    slug = "factor"
    if (origin.power == -1 and origin.rest == 1) or origin.expression == "1 / (batch · outputs)":
        slug = "mean_for_sum"
    elif (origin.power == 1 and origin.rest == 1) or origin.expression == "batch · outputs":
        slug = "sum_for_mean"
    text = origin.text
    mean = _mean_of(case)
    if slug == "factor" and mean and abs(ratio - mean) < close * mean:
        slug, text = "sum_for_mean", f"; the forward averages {mean} entries, and the division is left out"
    yield Guess(slug, f"claimed = {_told(ratio, close)} × measured{text}", left, 0.2, ratio, origin.expression)


def _mean_of(case: Case) -> int:
    """Return how many entries an output is the plain mean of; 0 where it is none."""
    found = set()
    for a in case:
        used = np.abs(a.jacobian) > 1e-9 * np.max(np.abs(a.jacobian), initial=0.0)
        counts = used.sum(axis=1, keepdims=True)
        if a.columns.size < a.block.size or not np.allclose((a.jacobian * counts)[used], 1.0, rtol=1e-7, atol=0):
            return 0
        found |= set(counts.ravel().tolist()) - {0}
    return int(found.pop()) if len(found) == 1 else 0


def _told(ratio: float, close: float) -> str:
    """Return a number in the digits that it has, nine at the most."""
    number = f"{ratio:.{9 if close <= CLOSE else 1 + max(0, int(-np.log10(close)))}g}"
    return number.rstrip("0").rstrip(".") if "." in number and "e" not in number else number
