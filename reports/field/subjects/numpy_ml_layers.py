"""numpy-ml's hand-written layers, activations and losses: `python -m gradcheck` with this file's path.

numpy-ml 0.1.2 imports names that Python moved in 3.10 (`collections.Hashable`) and subpackages that need other
libraries; the neural networks need neither. The names are given back before its modules are imported. Its recurrent
layers and its attention are left out: they keep parameters and caches in an inner cell, or lists of them, which have to
be driven step by step.
"""

import collections
import collections.abc
import importlib
import importlib.util
import sys
import types

import numpy as np

from gradcheck import adapt

for _name in ("Hashable", "Iterable", "Mapping", "Sequence"):
    if not hasattr(collections, _name):
        setattr(collections, _name, getattr(collections.abc, _name))
if "numpy_ml" not in sys.modules:
    _spec = importlib.util.find_spec("numpy_ml")
    _package = types.ModuleType("numpy_ml")
    _package.__path__ = list(_spec.submodule_search_locations)
    sys.modules["numpy_ml"] = _package
nn = "numpy_ml.neural_nets"
layers = importlib.import_module(f"{nn}.layers.layers")
activations = importlib.import_module(f"{nn}.activations.activations")
losses = importlib.import_module(f"{nn}.losses.losses")

ACTIVATIONS = ("Affine", "ELU", "Exponential", "HardSigmoid", "Identity", "LeakyReLU", "ReLU", "SELU", "Sigmoid", "SoftPlus", "Tanh")  # fmt: skip  # noqa: E501


def draw(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).normal(size=shape)


def layer(name, made, *inputs):
    """A layer makes its parameters at its first forward; they are drawn anew, so that none is zero."""
    np.random.seed(0)  # noqa: NPY002  # what numpy-ml draws from
    made.forward(*inputs)
    if hasattr(made, "flush_gradients"):
        made.flush_gradients()
    for key, store in (("X", list), ("derived_variables", None)):
        if isinstance(getattr(made, key, None), list):
            setattr(made, key, store())
    for number, (key, value) in enumerate(getattr(made, "parameters", {}).items()):
        if isinstance(value, np.ndarray) and value.dtype.kind == "f" and "running" not in key:
            made.parameters[key] = 0.5 * draw(*value.shape, seed=number + 1)
    return adapt.object(made, *inputs, name=name)


class Second:
    """An activation whose grad is taken as the function and whose grad2 as its derivative."""

    def __init__(self, act):
        self.fn, self.grad = act.grad, act.grad2


def gradcheck_targets():
    x = draw(4, 3)
    for name in ACTIVATIONS:
        act = getattr(activations, name)()
        yield adapt.object(act, x, forward="fn", backward="grad", name=f"activations.{name}.grad")
        if name != "ReLU":  # its second derivative is of a step function, of integers
            yield adapt.object(Second(act), x, forward="fn", backward="grad", name=f"activations.{name}.grad2")
    y = np.eye(5)[[0, 3, 1, 1]]
    p = np.exp(draw(4, 5)) / np.exp(draw(4, 5)).sum(1, keepdims=True)
    yield adapt.object(losses.CrossEntropy(), y, p, forward="loss", backward="grad", name="losses.CrossEntropy")
    squared = losses.SquaredError()
    z = draw(4, 5, seed=7)
    yield adapt.vjp(
        lambda z: squared.loss(y, activations.Sigmoid().fn(z)),
        lambda i, u: (u * squared.grad(y, activations.Sigmoid().fn(i[0]), i[0], activations.Sigmoid()),),
        z,
        name="losses.SquaredError",
    )
    image = draw(2, 6, 5, 3)
    yield layer("FullyConnected[5, Tanh]", layers.FullyConnected(5, act_fn="tanh"), x)
    yield layer("Softmax", layers.Softmax(), x)
    yield layer("BatchNorm1D", layers.BatchNorm1D(), x)
    yield layer("BatchNorm2D", layers.BatchNorm2D(), image)
    yield layer("LayerNorm1D", layers.LayerNorm1D(), x)
    yield layer("LayerNorm2D", layers.LayerNorm2D(), image)
    yield layer("Conv1D[4, 3]", layers.Conv1D(4, 3, pad=1, act_fn="tanh"), draw(2, 7, 3))
    yield layer("Conv1D[4, 3, dilation 1]", layers.Conv1D(4, 3, dilation=1), draw(2, 7, 3))
    yield layer("Conv2D[4, (3, 2)]", layers.Conv2D(4, (3, 2), pad=1, stride=1), image)
    yield layer("Conv2D[4, (2, 2), stride 2]", layers.Conv2D(4, (2, 2), stride=2), draw(2, 6, 4, 3))
    yield layer("Deconv2D[4, (3, 2)]", layers.Deconv2D(4, (3, 2)), image)
    yield layer("Deconv2D[4, (3, 2), stride 2]", layers.Deconv2D(4, (3, 2), stride=2), image)
    yield layer("Pool2D[max]", layers.Pool2D((2, 2), 2, mode="max"), draw(2, 6, 4, 3))
    yield layer("Pool2D[average]", layers.Pool2D((2, 2), 2, mode="average"), draw(2, 6, 4, 3))
    yield layer("Pool2D[average, overlapping]", layers.Pool2D((3, 3), 2, mode="average"), draw(2, 7, 5, 3))
    yield layer("Flatten", layers.Flatten(), image)
    yield layer("Embedding[5, 9]", layers.Embedding(5, 9), np.array([[1, 3, 3], [8, 0, 1]]))
