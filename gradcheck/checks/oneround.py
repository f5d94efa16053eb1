"""One round of calls in which any broken contract of memory and state shows; where none does, no more is asked.

Each contract has a check of its own, which says what is broken, by calls of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gradcheck.checks.claims import viewed
from gradcheck.checks.mixtures import adds_up, factors_of, made_large, mixed, spacing_inside
from gradcheck.checks.trial import Trial
from gradcheck.checks.visits import first_visit
from gradcheck.tree import rebuild

__all__ = ["alike_in_all", "strided"]

_ALIKE = 1e-10  # relative; a cache of another call errs by O(1)


def alike_in_all(trial: Trial, heard: Mapping[str, Any]) -> bool:
    """Whether two pullbacks that have little in common answer as if they were one, and linear.

    The first was asked before, and has answered `heard` to the second cotangent. The other belongs to a forward that
    comes after one at another point, and is asked for the sum of both cotangents, made very large, in another memory
    layout. If it answers with the sum, the trial keeps those claims, the visit of the other point, and the pullback to
    be asked again.
    """
    blocks = trial.claimed_blocks()
    if {name for name, gradient in heard.items() if gradient is not None} != set(blocks):
        return False
    inside = spacing_inside(trial)
    factors = factors_of(trial, inside)
    if len(factors) < 3:
        return False
    mixture = made_large(factors)
    trial.claims.keep(1, heard)
    try:
        visit = first_visit(trial)
        _, pullback = trial.linearize()
        answer = viewed(pullback(rebuild(mixed(trial, *mixture), strided)))
    except Exception:  # whoever asks for what raises tells of it
        return False
    trial.alike = adds_up(trial, mixture, answer, _ALIKE, inside)
    if trial.alike:
        trial.visited, trial.rereads = visit, True
        trial.keep(pullback)
    return trial.alike


def strided(leaf: Any) -> Any:
    """Return a cotangent that begins behind the start of its memory, with gaps, in the other order of axes."""
    if not isinstance(leaf, np.ndarray) or leaf.ndim == 0:
        return leaf
    order: Any = "F" if leaf.shape[-1] > 1 else "C"
    wide = np.full((*leaf.shape[:-1], 2 * leaf.shape[-1] + 1), np.nan, leaf.dtype, order=order)
    wide[..., 1::2] = leaf
    return wide[..., 1::2]
