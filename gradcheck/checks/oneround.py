"""One round of calls in which any broken contract of memory and state would show; nothing more is asked where none does.

Each contract has a check of its own, which says what is broken, by calls of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gradcheck.checks.alike import close
from gradcheck.checks.claims import viewed
from gradcheck.checks.nearby import faintest
from gradcheck.checks.stale import first_visit
from gradcheck.checks.trial import Trial
from gradcheck.pieces import identical
from gradcheck.tree import rebuild

__all__ = ["alike_in_all", "strided"]


def alike_in_all(trial: Trial, heard: Mapping[str, Any]) -> bool:
    """Whether the second cotangent is answered alike by two pullbacks that have little in common.

    The one was asked before, for the first cotangent, and has answered `heard`; the other belongs to a forward that
    comes after one at another point, and is asked first for it, in another memory layout. If so, the trial keeps the
    claims, the visit of the other point, and the pullback to be asked again.
    """
    blocks = trial.claimed_blocks()
    if {name for name, gradient in heard.items() if gradient is not None} != set(blocks):
        return False
    try:
        visit = first_visit(trial)
        _, pullback = trial.linearize()
        answer = viewed(pullback(rebuild(trial.cotangent(1), strided)))
    except Exception:  # whoever asks for what raises tells of it
        return False
    for name in blocks:
        one, other = heard[name], answer.get(name)
        if other is None or other.shape != one.shape:
            return False
        if not (identical(one, other) or close(one, other, 1e-10, faintest(trial, name))):
            return False
    trial.claims.keep(1, answer)
    trial.alike, trial.visited, trial.rereads = True, visit, True
    trial.keep(pullback)
    return True


def strided(leaf: Any) -> Any:
    """Return a cotangent that begins behind the start of its memory, with gaps, in the other order of axes."""
    if not isinstance(leaf, np.ndarray) or leaf.ndim == 0:
        return leaf
    order: Any = "F" if leaf.shape[-1] > 1 else "C"
    wide = np.full((*leaf.shape[:-1], 2 * leaf.shape[-1] + 1), np.nan, leaf.dtype, order=order)
    wide[..., 1::2] = leaf
    return wide[..., 1::2]


