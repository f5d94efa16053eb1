"""Paths through time that are cut: of the input itself, and of what is shared by all steps."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradcheck.diagnosis.anatomy import Anatomy, Subject, dissect
from gradcheck.diagnosis.guess import Case, Guess, residual
from gradcheck.diagnosis.places import off
from gradcheck.diagnosis.regions import region_of
from gradcheck.diagnosis.shorter import sequence_of
from gradcheck.point import Array
from gradcheck.streams import off_zero

__all__ = ["carried", "cut_elsewhere", "truncated"]

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
                for left in range(1, a.shape[k]) if _spoils_others(subject, a) else ():
                    seen = index_in >= left if told == "earlier" else index_in < a.shape[k] - left
                    fits = residual(case, ((each.claimed, np.where(seen, each.measured, 0.0)) for each in case))
                    if fits is not None:
                        text = (
                            f"claimed is right for {a.shape[k] - left} steps of axis {k} of {a.name} and zero for what "
                            f"is {told}: the path through time is cut"
                        )
                        yield Guess("truncated_time", text, fits, 0.8)
                        return
    yield from _of_a_last_state(subject, case)


def _of_a_last_state(subject: Subject, case: Case) -> Iterator[Guess]:
    """All outputs come after all steps of an axis: right for the last of them, zero for the earlier ones."""
    a = case[0]
    if len(a.shape) not in (2, 3) or a.output is None or len(a.output) > 2 or not _spoils_others(subject, a):
        return
    for k in range(len(a.shape) - 1):
        if a.shape[k] < 3 or not _in_order(subject, a, k):
            continue
        step = np.unravel_index(np.arange(a.block.size), a.shape)[k]
        own = [[float(np.linalg.norm(row[step == t])) for t in range(a.shape[k])] for row in a.measured]
        if np.min(own, initial=1.0) == 0:
            continue  # an axis whose places have outputs of their own, samples
        for first in range(1, a.shape[k]):
            fits = residual(case, ((each.claimed, np.where(step >= first, each.measured, 0.0)) for each in case))
            if fits is not None:
                text = (
                    f"claimed is right from place {first} of axis {k} of {a.name} on and zero before: the path through "
                    "time is cut"
                )
                yield Guess("truncated_time", text, fits, 0.8)
                return


def _spoils_others(subject: Subject, a: Anatomy) -> bool:
    """Whether all other blocks are wrong too: time that is cut is cut for the weights, a row that is zero is not."""
    others = [n for n in subject.blocks if n != a.name and np.asarray(a.values[a.names.index(n)]).dtype.kind == "f"]
    rng = subject.rng("spoils", a.name)
    u = off_zero(rng, (a.y.size,))
    answers = subject.pull(a.values, [u])
    for name in others if answers is not None else ():
        place = subject.index(name)
        x = np.asarray(a.values[place], dtype=float)
        d = rng.uniform(0.5, 1.5, x.shape) * rng.choice([-1.0, 1.0], x.shape) * (np.sqrt(np.mean(x * x)) or 1.0)
        up, down = (
            subject.evaluate([*a.values[:place], x + sign * d, *a.values[place + 1 :]]) for sign in (1e-5, -1e-5)
        )
        claim = answers[0].get(name) if answers else None
        if claim is None or up is None or down is None:
            continue
        measured = float(u @ (up - down)) / 2e-5
        if abs(float(np.sum(np.asarray(claim) * d)) - measured) <= 1e-5 * (abs(measured) + np.linalg.norm(claim * d)):
            return False
    return True


def _in_order(subject: Subject, a: Anatomy, axis: int) -> bool:
    """Whether a function takes an axis of any length, step after step: not a sum, not a matrix of that size."""
    place = a.names.index(a.name)

    def at(x: Array) -> Array | None:
        return subject.evaluate([*a.values[:place], np.ascontiguousarray(x), *a.values[place + 1 :]])

    shorter, turned = at(np.delete(a.block, 0, axis)), at(np.flip(a.block, axis))
    if shorter is None or turned is None or not shorter.shape == turned.shape == a.y.shape:
        return False
    return not np.allclose(turned, a.y, rtol=1e-6, atol=0)


def cut_elsewhere(subject: Subject, case: Case) -> Iterator[Guess]:
    """A parameter of all steps is wrong for late outputs only, and the input's own path through time is cut."""
    a = case[0]
    if not a.output or len(a.output) < 2 or a.rows.size < a.y.size or len(case) < 2:
        return
    wrong = [off(each, 1) for each in case]
    region = region_of(wrong[0], a.output, "the output")
    last = wrong[0].all()  # of a last state, which all steps lead to
    if not last and any(not w.any() or not np.array_equal(w, wrong[0]) for w in wrong):
        return
    for name in subject.blocks:
        value = np.asarray(subject.values[subject.index(name)])
        if name == a.name or value.ndim < 2 or value.size > _MOST or value.dtype.kind != "f":
            continue
        theirs = [dissect(subject, name, each.values) for each in case]
        found = [] if any(t is None for t in theirs) else list(truncated(subject, [t for t in theirs if t is not None]))
        if found:
            some = f"what {region.text} sends back" if region is not None else "what some outputs send back"
            part = "what is sent back" if last else some
            rest = "" if last else "the rest right, "
            text = f"{part} to {a.name} is wrong, {rest}and so is the path to {name}"
            yield Guess("truncated_time", f"{text}: {found[0].text}", 0.0, 1.8)
            return


def carried(subject: Subject, case: Case) -> Iterator[Guess]:
    """What outputs send back to their own step is right, and to the step before it is wrong, at every step."""
    a, sequence = case[0], sequence_of(subject)
    if sequence not in subject.blocks or sequence is None or not a.output or a.rows.size < a.y.size:
        return
    if np.size(subject.values[subject.index(sequence)]) > _MOST:
        return
    whole = a if a.name == sequence else dissect(subject, sequence, a.values)
    if whole is None or not whole.complete:
        return
    for axis in (k for k in (1, 0) if whole.shape[k] > 1):
        first = _first_step(subject, whole, axis)
        if first is None or (a.name != sequence and np.any(off(a, 1)[first])) or not _spoils_others(subject, whole):
            continue
        text = (
            f"what an output sends back to its own step of {sequence} is right, and to the step before it is wrong: "
            f"what is carried from step to step along axis {axis} is wrong"
        )
        yield Guess("truncated_time", text if a.name == sequence else f"as with {sequence}, {text}", 0.0, 0.95)
        return


def _first_step(subject: Subject, a: Anatomy, axis: int) -> Array | None:
    """Return which outputs see one step of an axis alone, None unless own steps are right and those before wrong."""
    steps = a.shape[axis]
    taken = np.unravel_index(np.arange(a.block.size), a.shape)[axis]
    output = a.output or ()
    stepped = len(output) > axis and output[: axis + 1] == a.shape[: axis + 1]
    if not stepped and not _in_order(subject, a, axis):
        return None
    given = np.unravel_index(np.arange(a.y.size), output)[axis] if stepped else np.full(a.y.size, steps - 1)
    into, out = (np.eye(steps)[each] for each in (taken, given))
    size, gap, bar = (np.sqrt(out.T @ v**2 @ into) for v in (a.measured, a.claimed - a.measured, a.error))
    wrong = gap > 10 * a.tolerance * size + 10 * bar
    lag = np.arange(steps)[:, None] - np.arange(steps)
    for signed in (lag, -lag) if stepped else (lag,):
        own, before = ((signed == n) & (size > 1e-9 * size.max(initial=0.0)) for n in (0, 1))
        causal = np.all(size[signed < 0] <= 1e-9 * size.max(initial=0.0))
        if causal and own.any() and before.any() and not np.any(wrong[own]) and np.all(wrong[before]):
            return np.asarray(stepped & (given == (0 if signed[0, 1] < 0 else steps - 1)))
    return None
