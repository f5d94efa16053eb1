"""The smallest case that shows a mistake: made small step by step, written as code, and run again later."""

from gradcheck.counterexample.minimise import minimise, minimised
from gradcheck.counterexample.replay import Replay, replayed

__all__ = ["Replay", "minimise", "minimised", "replayed"]
