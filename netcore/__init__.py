"""A network core in numpy: hand-written layers, activations and losses, each with its exact derivative.

>>> import numpy as np, netcore
>>> model = netcore.Model([3, 4, 2], act="tanh", out_act="identity", initialiser="glorot", seed=7)
>>> X = np.array([[0.0, 0.2, 0.4], [0.6, 0.8, 1.0], [0.1, 0.5, 0.9], [0.3, 0.3, 0.7], [0.9, 0.4, 0.2]])
>>> Y = np.array([[0.2, 0.1], [1.4, 0.9], [0.6, 0.7], [0.6, 0.5], [1.3, 0.2]])
>>> history = model.train(X, Y, 200, learning_rate=0.1, verbose=0)
>>> history.loss[-1] < 0.1 * history.loss[0]
True
"""

from collections.abc import Iterator
from typing import Any

from netcore.activations import (
    ACTIVATIONS,
    CELU,
    ELU,
    GELU,
    GLU,
    SELU,
    Exp,
    GELUTanh,
    HardSigmoid,
    HardSwish,
    HardTanh,
    Identity,
    LeakyReLU,
    LogSoftmax,
    Maxout,
    Mish,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Softsign,
    SwiGLU,
    Tanh,
)
from netcore.initialisers import INITIALISERS
from netcore.layers import Dense, Sequential
from netcore.losses import LOSSES, MSE, LogLoss
from netcore.model import History, Model
from netcore.protocol import Activation, Layer, Loss

__all__ = [
    "ACTIVATIONS",
    "CELU",
    "ELU",
    "GELU",
    "GLU",
    "INITIALISERS",
    "LOSSES",
    "MSE",
    "SELU",
    "Activation",
    "Dense",
    "Exp",
    "GELUTanh",
    "HardSigmoid",
    "HardSwish",
    "HardTanh",
    "History",
    "Identity",
    "Layer",
    "LeakyReLU",
    "LogLoss",
    "LogSoftmax",
    "Loss",
    "Maxout",
    "Mish",
    "Model",
    "ReLU",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Softsign",
    "SwiGLU",
    "Tanh",
    "gradcheck_targets",
]


def gradcheck_targets() -> Iterator[dict[str, Any]]:
    """Yield everything here that claims a derivative, for whoever wants to verify it: see `netcore.audit`."""
    from netcore.audit import targets  # here, so that importing netcore builds no arrays

    yield from targets()
