"""A population of backward rules, right and wrong, to judge a gradient checker by; it knows nothing of any checker."""

from .right import activations, attention, conv, dense, losses, norm, pool, rare_losses, recurrent
from .wrong import misplaced, scaled

NETS = (activations, losses, rare_losses, dense, conv, norm, pool, attention, recurrent)
RIGHT = tuple(r for room in NETS for r in room.RULES)
WRONG = tuple(r for room in (scaled, misplaced) for r in room.RULES)
