"""A pullback belongs to its own forward: not to the one before it, and not for ever to the first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import sqrt
from typing import Any

import numpy as np

from gradcheck.checks.alike import close
from gradcheck.checks.claims import viewed
from gradcheck.checks.confirm import confirm
from gradcheck.checks.cotangents import flatten
from gradcheck.checks.nearby import faintest
from gradcheck.checks.precision import stage_for
from gradcheck.checks.prober import Prober
from gradcheck.checks.trial import Trial
from gradcheck.checks.visits import Visit, groups_of, straight, visits_of
from gradcheck.compare import Verdict
from gradcheck.norms import norm
from gradcheck.pieces import banded, distance, dot, identical, moved, norm_along
from gradcheck.target import Pullback

__all__ = ["kept_caches"]

_ROUGH = 1e-3  # relative error of a plain central difference, where a function is not smooth
_FINE = 1e-6  # what asks for one more, and a measurement: the derivative there may be like the one here by chance


_BEFORE = (
    "depends on the call before: after a forward at another point the same forward and backward give another gradient. "
    "What a backward needs is kept from another call"
)
_AFTER = (
    "depends on the call after: where a forward at another point comes between a forward and its backward, that gives "
    "another gradient. What a backward needs is kept outside of its own call, where the next one writes over it"
)
_FIRST = (
    "is right at the first point and stays the same at another, where it is measured to be wrong. What a backward "
    "needs is kept from the first call"
)
_LEFT_OUT = (
    "does not follow {moved}, and the derivative does: right while that is all zeros or ones, and measured to be wrong "
    "where it is moved. It is left out of the backward, or kept from the first call"
)


def kept_caches(trial: Trial, visited: Visit | None = None) -> Iterator[tuple[str, str, str | None]]:
    """Yield (input, message, pattern) of gradients that belong to another forward than the one before their backward.

    Args:
        trial: of a target by itself; models bring their own wiring.
        visited: what `first_visit` has found, where the trial was seen to answer before and after it alike.

    Cost: two evaluations for each input that is moved, and two a block whose claims are the same there, as they are
        where a function is linear piece by piece; measured with error bars only where these say that a claim is wrong.
        Where a claim stays the same, its masks may be kept as well, and it is asked where signs and order are others.
    """
    told: set[str] = set()
    follows: set[str] = set()
    stuck: list[tuple[str, list[str]]] = []
    for group in groups_of(trial):
        visits = visits_of(trial, group, visited)
        while True:
            held = trial.linearize()[1] if trial.target.autograd and not told else None
            if (visit := next(visits, None)) is None:
                break
            there, still, _ = visit
            between = {} if held is None else _answer(trial, held)
            for name in trial.claimed_blocks():
                if name not in told and _unlike(trial, name, between.get(name)):
                    told.add(name)
                    yield name, f"gradient of {name} {_AFTER}", "stale_cache"
            held, between = None, {}
            again: Mapping[str, Any] = {}
            if visit is not visited:
                trial.evaluations += there.evaluations
                again = _after(trial, there)
            elsewhere = [n for n in trial.claimed_blocks() if n not in told and _unlike(trial, n, again.get(n))]
            del again
            for name in trial.claimed_blocks():
                if name in elsewhere:
                    told.add(name)
                    yield name, f"gradient of {name} {_BEFORE}", "stale_cache"
                elif name not in still:
                    follows.add(name)
                elif name not in told and _stuck(trial, there, name, group):
                    told.add(name)
                    stuck.append((name, group))
            if not (still - told) & set(group):
                break
        visited = None  # it was of the first group
    for name, group in stuck:
        bare = all(np.unique(trial.value(n)).tolist() in ([0.0], [1.0]) for n in group)
        if name in follows and bare:
            yield name, f"gradient of {name} {_LEFT_OUT.format(moved=' and '.join(group))}", None
        else:
            yield name, f"gradient of {name} {_FIRST}", "stale_cache"


def _after(trial: Trial, there: Trial) -> Mapping[str, Any]:
    """Return what the backward answers at the point after a call at another; nothing where the forward differs too."""
    if trial.target.used is None:
        return viewed(trial.linearize()[1](trial.cotangent(0)))
    trial.evaluations += 2
    trial.forget()
    outputs, pullback = trial.target.used(there.fresh(), trial.fresh())
    y = flatten(outputs)
    same = y.shape == trial.y0.shape and distance(y, trial.y0) <= 1e-12 * norm(trial.y0)
    return viewed(pullback(trial.cotangent(0))) if same else {}  # a state of its own, as of running means


def _answer(trial: Trial, held: Pullback) -> Mapping[str, Any]:
    """Return what a pullback answers after another call, nothing where it refuses: a state may be written in place."""
    try:
        return viewed(held(trial.cotangent(0)))
    except Exception:  # torch tells that what was saved was written over, as it would tell the user
        return {}


def _unlike(trial: Trial, name: str, again: Any) -> bool:
    first = trial.gradient(0, name)
    if again is None or again.shape != first.shape:
        return False
    return not (identical(first, again) or close(first, again, 1e-10, faintest(trial, name)))


def _off(trial: Trial, name: str) -> float:
    """Return by how much, relative, one central difference is not what is claimed; 0 where nothing is known."""
    gradient, x = trial.gradient(0, name), trial.value(name)
    stage = stage_for(trial) if x.dtype.itemsize < 8 else None
    seen = trial if stage is None else stage.trial  # float32 by itself would show a tenth
    x = seen.value(name)
    eps = float(np.finfo(x.dtype).eps)
    rng = trial.rng("kept", name)
    v = banded(rng, x.shape)
    step = eps ** (1 / 3) * (norm(x) / sqrt(x.size) or 1.0)
    evaluate = seen.evaluator(name)
    up, down = (evaluate(moved(x, v, sign * step)) for sign in (1.0, -1.0))
    if up is None or down is None or step == 0.0:
        return 0.0
    measured = float(trial.flat_cotangent(0) @ (up - down)) / (2 * step)
    size = norm_along(gradient, v) + abs(measured)
    off = abs(measured - dot(gradient, v)) / size if size else 0.0
    return 0.0 if eps > 1e-12 and off <= 30 * eps ** (1 / 3) else off


def _stuck(trial: Trial, there: Trial, name: str, group: list[str]) -> bool:
    """Whether a claim is right at one point and, by two measurements with error bars, wrong at the other."""
    if name in group and straight(trial, there, group):
        return False
    trial.forget()  # the other point is asked once more
    off = _off(there, name)
    if off <= _FINE:
        return False
    here = _off(trial, name)
    if here > _ROUGH or off <= 10 * here:  # the same mistake at both
        return False
    prober = Prober(there, stage_for(there), name)
    probe = prober.probe(0, prober.direction(0), full=True)
    return probe.verdict is Verdict.DISAGREES and confirm(prober, probe).verdict is Verdict.DISAGREES
