"""Where the mistake is and what it is called."""

from gradcheck.diagnosis.anatomy import Subject
from gradcheck.diagnosis.naming import name_mistake
from gradcheck.diagnosis.patterns import PATTERNS

__all__ = ["PATTERNS", "Subject", "name_mistake"]
