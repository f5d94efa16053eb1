"""Everything that can become a Target, one file a world."""

from gradcheck.adapt.elementwise import activation, loss
from gradcheck.adapt.forward_mode import hessian, hvp, jacobian, jvp
from gradcheck.adapt.from_autograd import autograd, mygrad
from gradcheck.adapt.from_jax import jax
from gradcheck.adapt.from_thinc import thinc
from gradcheck.adapt.from_torch import torch
from gradcheck.adapt.layer import layer, layers
from gradcheck.adapt.model import model
from gradcheck.adapt.objects import object
from gradcheck.adapt.pair import pair
from gradcheck.adapt.vjp import closure, gradient, vjp

__all__ = [
    "activation",
    "autograd",
    "closure",
    "gradient",
    "hessian",
    "hvp",
    "jacobian",
    "jax",
    "jvp",
    "layer",
    "layers",
    "loss",
    "model",
    "mygrad",
    "object",
    "pair",
    "thinc",
    "torch",
    "vjp",
]
