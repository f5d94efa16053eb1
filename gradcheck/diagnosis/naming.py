"""Name the mistake of a block: every hypothesis against the measured Jacobian, those that fit by simplicity."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from math import prod

import numpy as np

from gradcheck.diagnosis.affine import slopes
from gradcheck.diagnosis.anatomy import Anatomy, Subject, dissect, moved
from gradcheck.diagnosis.attention import attention
from gradcheck.diagnosis.cotangents import nonlinear, somehow_nonlinear
from gradcheck.diagnosis.digits import digits
from gradcheck.diagnosis.elsewhere import at_another_place
from gradcheck.diagnosis.epsilon import epsilon
from gradcheck.diagnosis.formulas import formulas
from gradcheck.diagnosis.functions import diagonal, factors_of_the_point, only_a_diagonal
from gradcheck.diagnosis.gains import weights
from gradcheck.diagnosis.guess import Case, Guess
from gradcheck.diagnosis.masks import masks
from gradcheck.diagnosis.order import order, swapped
from gradcheck.diagnosis.outputs import rows, sent_back
from gradcheck.diagnosis.places import columns, parts
from gradcheck.diagnosis.shorter import last_step, one_step, sequence_of
from gradcheck.diagnosis.stale import kept, of_another_call
from gradcheck.diagnosis.terms import branch, regulariser, repeats, statistics
from gradcheck.diagnosis.time import carried, cut_elsewhere, truncated
from gradcheck.diagnosis.whole import averaged, clipped_values, counted, factor, zero
from gradcheck.point import Array
from gradcheck.streams import off_zero

__all__ = ["name_mistake"]

_WHOLE = 170  # entries of a block that are measured one by one; of a larger one a sample of rows and columns
_HYPOTHESES = (
    zero, factor, digits, epsilon, averaged, counted, sent_back, diagonal, repeats, branch, regulariser, swapped, order,
    masks, rows, columns, truncated, slopes, attention, at_another_place, statistics, factors_of_the_point, formulas,
    weights,
)  # fmt: skip
_LAST = (of_another_call, cut_elsewhere, only_a_diagonal)  # dear, or vague: asked one by one if nothing else fits
_VAGUE = ("part", "offset", "boundary", "cotangent_nonlinear", "mask", "zero")  # say less of one step than of all
_PLACES = ("part", "boundary", "one_row", "one_channel")
_ALONE = (digits, clipped_values, averaged, columns)  # what one gradient for one cotangent can tell


def name_mistake(subject: Subject, name: str, wrong: Iterable[tuple[int, ...]] = ()) -> list[Guess]:
    """Return the mistakes that explain a block's claims, the simplest first; [] where nothing fits.

    Args:
        subject: the target.
        name: the block.
        wrong: entries known to be wrong, to be among those measured.

    Cost: four forward evaluations an entry and a pullback for each output, at three points; blocks of more than
        170 entries are judged by a sample of them.
    """
    case = _case(subject, name, wrong)
    if not case:
        return []
    nothing = list(zero(subject, case))
    if nothing and nothing[0].residual > 0:
        return nothing  # rounding has no pattern
    unlike = list(nonlinear(subject, case[0]))
    if unlike:
        return unlike
    found = list(_asked(subject, case)) if _pulled_alike(subject, case[0]) else []
    found = found or list(_alone(subject, case)) or list(somehow_nonlinear(subject, case[0]))
    return sorted(found, key=lambda guess: guess.rank)


def _asked(subject: Subject, case: Case) -> Iterator[Guess]:
    with np.errstate(all="ignore"):
        found: list[Guess] = []
        for hypothesis in (kept, *_HYPOTHESES):
            answers = list(hypothesis(subject, case))
            yield from answers
            found += answers
            if answers and answers[0].rank <= 0.5:  # nothing simpler is to come
                return
        if found and all(guess.slug in _PLACES for guess in found):
            yield from carried(subject, case)  # all steps but the last are a place too, and that says less
        for hypothesis in (*_LAST, _within_a_step, carried, parts) if not found else ():
            answers = list(hypothesis(subject, case))
            yield from answers
            if answers:
                return


def _within_a_step(subject: Subject, case: Case) -> Iterator[Guess]:
    """A mistake that a sequence of one step has too, where it can be named and a later step has it as well."""
    first, sequence = one_step(subject), sequence_of(subject)
    if first is None or sequence is None:
        return
    guess = next((g for g in name_mistake(first, case[0].name) if g.slug not in _VAGUE), None)
    if guess is None:
        return
    own = guess if case[0].name == sequence else next(iter(name_mistake(first, sequence)), None)
    if own is not None and own.slug == guess.slug and sequence in subject.blocks:
        last = last_step(subject, sequence)
        later = name_mistake(last, sequence) if last is not None else []
        if guess.slug not in [g.slug for g in later]:
            return
    yield replace(guess, text=f"in a sequence of one step alone {guess.text}", rank=2.2 + 0.01 * guess.rank)


def _alone(subject: Subject, case: Case) -> Iterator[Guess]:
    """Ask of single gradients, where a pullback is not linear and has no Jacobian; places have to be the same twice."""
    first, second = (_single(subject, case, number) for number in range(2))
    if not first or not second:
        return
    with np.errstate(all="ignore"):
        for hypothesis in _ALONE:
            if hypothesis is not columns:
                yield from hypothesis(subject, first)
                continue
            again = [(guess.slug, guess.text) for guess in hypothesis(subject, second[:1])]
            yield from (g for g in hypothesis(subject, first[:1]) if (g.slug, g.text) in again)


def _single(subject: Subject, case: Case, number: int) -> list[Anatomy]:
    """Return the anatomies for one cotangent each: the outputs are one number then, ⟨u, y⟩."""
    found = []
    for a in case:
        rng = subject.rng("alone", a.name, number)
        u = off_zero(rng, (a.y.size,))
        answers = subject.pull(a.values, [u])
        if answers is None or answers[0].get(a.name) is None or np.shape(answers[0][a.name]) != a.shape:
            return []
        claimed = np.asarray(answers[0][a.name], dtype=float).reshape(1, -1)
        jacobian, bars = (u @ a.jacobian)[None, :], (np.abs(u) @ a.bars)[None, :]
        y, rows = np.array([u @ a.y]), np.zeros(1, dtype=int)
        found.append(replace(a, rows=rows, everything=claimed, jacobian=jacobian, bars=bars, y=y, output=()))
    return found


def _case(subject: Subject, name: str, wrong: Iterable[tuple[int, ...]]) -> list[Anatomy]:
    x = np.asarray(subject.values[subject.index(name)])
    if x.dtype.kind != "f" or x.size == 0:
        return []
    rows, entries = _affordable(subject)
    chosen = (
        None
        if x.size <= min(_WHOLE, entries)
        else _structured(x.shape, subject.rng("structured", name), wrong, entries)
    )
    case: list[Anatomy] = []
    for number in (0, 2, 1):
        if number == 1 and x.size > 60 and len(case) > 1:
            break  # two points tell as much about a block of many entries
        values: Sequence[object] | None = subject.values if number == 0 else moved(subject, number)
        found = None if values is None else dissect(subject, name, values, columns=chosen, most_rows=rows)
        if found is None and number == 0:
            return []
        if found is not None:
            case.append(found)
    first = case[0].columns
    return [a for a in case if np.array_equal(a.columns, first)]


def _affordable(subject: Subject) -> tuple[int, int]:
    """Return (cotangents, entries) that a function of this size can be asked about: an evaluation costs by the size."""
    size = sum(v.size for v in subject.values if isinstance(v, np.ndarray))
    return (160, _WHOLE) if size <= 4_000 else (24, 64) if size <= 40_000 else (6, 20)


def _structured(
    shape: tuple[int, ...], rng: np.random.Generator, wrong: Iterable[tuple[int, ...]], most: int
) -> list[int]:
    """Return entries of a large block: those known to be wrong, and places whose mirror images are there too."""
    size = prod(shape)
    chosen = {int(np.ravel_multi_index(index, shape)) for index in list(wrong)[: most // 2]}
    chosen |= {0, size - 1}
    chosen |= {int(i) for i in rng.choice(size, min(size, most - len(chosen)), replace=False)}
    return sorted(chosen)


def _pulled_alike(subject: Subject, a: Anatomy) -> bool:
    """Whether a random cotangent gives what the single ones add up to, so that the claimed Jacobian is one."""
    if a.rows.size < a.y.size:
        return True
    u = subject.rng("alike", a.name).uniform(-1, 1, a.y.size)
    answers = subject.pull(a.values, [u])
    if answers is None or answers[0].get(a.name) is None:
        return False
    whole: Array = np.asarray(answers[0][a.name], dtype=float).ravel()
    added = u @ a.everything
    return bool(np.linalg.norm(whole - added) <= max(1e-6, 1e3 * a.tolerance * 1e-2) * (np.linalg.norm(added) + 1e-300))
