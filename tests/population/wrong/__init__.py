"""Backward rules that are wrong, each a right one spoiled; the slug names the kind of mistake."""

from . import misplaced, scaled

RULES = tuple(r for room in (scaled, misplaced) for r in room.RULES)
