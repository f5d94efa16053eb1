"""The record that every member of the population is: a forward, a backward, and where to try them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Arrays = tuple[np.ndarray, ...]


@dataclass(frozen=True)
class Rule:
    """A forward and the backward that somebody wrote for it.

    Args:
        name: unique in the population.
        family: the subject, "conv" or "losses".
        forward: forward(*inputs) -> array, or tuple of arrays.
        vjp: vjp(inputs, cotangent) -> tuple, one gradient an input; None for integer inputs. The cotangent is
            a tuple where forward returns one.
        draw: draw(rng) -> tuple of input arrays, a fresh point.
        names: one name an input.
        slug: the kind of mistake; None where the rule is right.
        size: relative size of the mistake, ‖wrong − right‖ / ‖right‖ of the input that it touches; None where it
            depends on the point.
        note: what is peculiar; "border: .." where an honest checker may answer less than the truth, and why.
        base: for wrong rules: the right rule of the same forward.
        oracle: the same function for the population's own proof, in a form that bears longdouble or has less noise.
        precision: relative accuracy to which that proof can decide.
    """

    name: str
    family: str
    forward: Callable[..., Any]
    vjp: Callable[[Arrays, Any], tuple[np.ndarray | None, ...]]
    draw: Callable[[np.random.Generator], Arrays]
    names: tuple[str, ...] = ()
    slug: str | None = None
    size: float | None = None
    note: str = ""
    base: Rule | None = field(default=None, repr=False)
    oracle: Callable[..., Any] | None = field(default=None, repr=False)
    precision: float = 1e-7
