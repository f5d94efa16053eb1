"""A population of backward rules, right and wrong, to judge a gradient checker by; it knows nothing of any checker."""

from . import right, wrong

RIGHT = right.RULES
WRONG = wrong.RULES
