"""Layers: frozen dataclasses with init, forward and backward, one a file."""

from netcore.layers.dense import Dense
from netcore.layers.sequential import Sequential

__all__ = ["Dense", "Sequential"]
