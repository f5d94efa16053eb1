"""Backward rules that are wrong, each a right one spoiled; the slug names the kind of mistake."""

from . import (
    activations,
    algebra,
    arrays,
    attention,
    dense,
    functions,
    images,
    losses,
    mechanics,
    misplaced,
    recurrent,
    scaled,
    subtle,
)

SPOILED = (scaled, misplaced)  # by machine
MADE = (
    activations,
    losses,
    dense,
    images,
    attention,
    recurrent,
    arrays,
    algebra,
    functions,
    mechanics,
    subtle,
)  # by hand
RULES = tuple(r for room in SPOILED + MADE for r in room.RULES)
