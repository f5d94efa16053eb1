"""Optimisers, learning-rate schedules, and the clipping of gradients."""

from collections.abc import Callable, Mapping

from netcore.optimisers.adam import Adam, AdamW
from netcore.optimisers.clipping import clip_by_norm
from netcore.optimisers.rmsprop import RMSProp
from netcore.optimisers.rule import Optimiser
from netcore.optimisers.schedules import CosineDecay, ExponentialDecay, StepDecay, Warmup
from netcore.optimisers.sgd import SGD

OPTIMISERS: Mapping[str, Callable[[float], Optimiser]] = {"sgd": SGD, "adam": Adam, "adamw": AdamW, "rmsprop": RMSProp}

__all__ = [
    "OPTIMISERS",
    "SGD",
    "Adam",
    "AdamW",
    "CosineDecay",
    "ExponentialDecay",
    "Optimiser",
    "RMSProp",
    "StepDecay",
    "Warmup",
    "clip_by_norm",
]
