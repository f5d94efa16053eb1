"""Activation functions: `act(x)`, `act.grad(x)`, and each is a layer of its own."""

from collections.abc import Mapping

from netcore.activations.identity import Identity
from netcore.activations.relu import ReLU
from netcore.activations.sigmoid import Sigmoid
from netcore.activations.tanh import Tanh
from netcore.protocol import Elementwise

ACTIVATIONS: Mapping[str, Elementwise] = {
    "relu": ReLU(),
    "sigmoid": Sigmoid(),
    "tanh": Tanh(),
    "identity": Identity(),
}

__all__ = ["ACTIVATIONS", "Identity", "ReLU", "Sigmoid", "Tanh"]
