"""One round of calls in which any broken contract of memory and state shows; where none does, no more is asked.

Each contract has a check of its own, which says what is broken, by calls of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gradcheck.checks.claims import viewed
from gradcheck.checks.mixtures import factors_of, made_large, mixed, off_from, spacing_inside
from gradcheck.checks.trial import Trial
from gradcheck.checks.visits import Visit, first_visit
from gradcheck.target import Pullback
from gradcheck.tree import rebuild

__all__ = ["alike_in_all", "in_columns", "once_off", "strided"]

_ALIKE = 1e-10  # relative; a cache of another call errs by O(1)
_FAR = 1e-3  # relative: no rounding, and no tolerance of a solver


def alike_in_all(trial: Trial, heard: Mapping[str, Any]) -> bool:
    """Whether two pullbacks that have little in common answer as if they were one, and linear.

    The first was asked before, and has answered `heard` to the second cotangent. The other belongs to a forward that
    comes after one at another point, and is asked for the sum of both cotangents, made very large, and for one made
    very small, in other memory layouts. If it answers with the sums, the trial keeps those claims, the visit of the
    other point, and the pullback to be asked again.
    """
    trial.missed = [name for name in trial.claimed_blocks() if heard.get(name) is None]
    if trial.missed or sum(gradient is not None for gradient in heard.values()) != len(trial.claimed_blocks()):
        return False
    trial.claims.keep(1, heard)
    if (asked := _asked(trial)) is None:
        return False
    off, trial.missed, visit, pullback = asked
    if off:
        return False
    trial.alike, trial.visited, trial.rereads = True, visit, True
    trial.keep(pullback)
    return True


def once_off(trial: Trial) -> list[str]:
    """Return the inputs whose gradients were far off in that round, where the same calls made again say otherwise.

    Checks that look for one cause each, by calls of their own, have found none.
    """
    again = _asked(trial) if trial.missed else None
    return [] if again is None else [name for name in trial.missed if name not in again[1]]


def _asked(trial: Trial) -> tuple[list[str], list[str], Visit | None, Pullback] | None:
    """Return the inputs that are off and those that are far off, the visit and the pullback; None if it raises."""
    inside = spacing_inside(trial)
    factors = factors_of(trial, inside)
    if len(factors) < 3:
        return None
    off: list[str] = []
    far: list[str] = []
    try:
        visit = first_visit(trial)
        _, pullback = trial.linearize()
        for mixture, layout in ((made_large(factors), strided), (factors[2], in_columns)):
            answer = viewed(pullback(rebuild(mixed(trial, *mixture), layout)))
            off += off_from(trial, mixture, answer, _ALIKE, inside)
            far += off_from(trial, mixture, answer, _FAR, inside) if off else []
    except Exception:  # whoever asks for what raises tells of it
        return None
    return off, list(dict.fromkeys(far)), visit, pullback


def in_columns(leaf: Any) -> Any:
    """Return a cotangent with its first axis next to each other in memory, as a transpose has."""
    return np.asfortranarray(leaf) if isinstance(leaf, np.ndarray) and leaf.ndim > 1 else leaf


def strided(leaf: Any) -> Any:
    """Return a cotangent that begins behind the start of its memory, with gaps, in the other order of axes."""
    if not isinstance(leaf, np.ndarray) or leaf.ndim == 0:
        return leaf
    order: Any = "F" if leaf.shape[-1] > 1 else "C"
    wide = np.full((*leaf.shape[:-1], 2 * leaf.shape[-1] + 1), np.nan, leaf.dtype, order=order)
    wide[..., 1::2] = leaf
    return wide[..., 1::2]
