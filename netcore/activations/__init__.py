"""Activation functions: `act(x)`, `act.grad(x)`, and each is a layer of its own.

Softmax, LogSoftmax, Maxout, GLU and SwiGLU mix neighbouring entries: they are layers only, with no name in ACTIVATIONS.
"""

from collections.abc import Mapping

from netcore.activations.elu import CELU, ELU, SELU
from netcore.activations.exp import Exp
from netcore.activations.gelu import GELU, GELUTanh
from netcore.activations.glu import GLU, SwiGLU
from netcore.activations.hard import HardSigmoid, HardSwish, HardTanh
from netcore.activations.identity import Identity
from netcore.activations.leaky_relu import LeakyReLU
from netcore.activations.maxout import Maxout
from netcore.activations.mish import Mish
from netcore.activations.relu import ReLU
from netcore.activations.sigmoid import Sigmoid
from netcore.activations.silu import SiLU
from netcore.activations.softmax import LogSoftmax, Softmax
from netcore.activations.softplus import Softplus
from netcore.activations.softsign import Softsign
from netcore.activations.tanh import Tanh
from netcore.protocol import Elementwise

ACTIVATIONS: Mapping[str, Elementwise] = {
    "relu": ReLU(),
    "leaky_relu": LeakyReLU(),
    "elu": ELU(),
    "selu": SELU(),
    "celu": CELU(),
    "gelu": GELU(),
    "gelu_tanh": GELUTanh(),
    "silu": SiLU(),
    "mish": Mish(),
    "softplus": Softplus(),
    "softsign": Softsign(),
    "hard_sigmoid": HardSigmoid(),
    "hard_tanh": HardTanh(),
    "hard_swish": HardSwish(),
    "sigmoid": Sigmoid(),
    "tanh": Tanh(),
    "exp": Exp(),
    "identity": Identity(),
}

__all__ = [
    "ACTIVATIONS",
    "CELU",
    "ELU",
    "GELU",
    "GLU",
    "SELU",
    "Exp",
    "GELUTanh",
    "HardSigmoid",
    "HardSwish",
    "HardTanh",
    "Identity",
    "LeakyReLU",
    "LogSoftmax",
    "Maxout",
    "Mish",
    "ReLU",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Softsign",
    "SwiGLU",
    "Tanh",
]
