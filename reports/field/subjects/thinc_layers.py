"""thinc's numpy operations and layers, each at a point of its own: `python -m gradcheck` with this file's path."""

import numpy as np
from thinc import api
from thinc.types import Padded, Ragged

from gradcheck import adapt

OPS = api.NumpyOps()
POINTWISE = (
    "clipped_linear", "dish", "gelu", "gelu_approx", "hard_sigmoid", "hard_swish", "hard_swish_mobilenet",
    "hard_tanh", "mish", "relu", "relu_k", "sigmoid", "softmax", "swish",
)  # fmt: skip
DENSE = (
    "ClippedLinear", "Dish", "Gelu", "HardSigmoid", "HardSwish", "HardSwishMobilenet", "HardTanh", "Linear", "Mish",
    "Relu", "ReluK", "Sigmoid", "Softmax", "Swish",
)  # fmt: skip
LENGTHS = np.array([3, 4], dtype="i")


def draw(*shape, dtype="f", seed=0):
    return np.random.default_rng([seed, *shape]).normal(size=shape).astype(dtype)


def made(model, X, name):
    """A model with drawn parameters: zeros, which thinc begins some with, would hide what does not pass them."""
    model.initialize(X=X)
    for node in model.walk():
        for number, p in enumerate(node.param_names):
            if node.has_param(p):
                value = node.get_param(p)
                drawn = draw(*value.shape, seed=number + 1) * 0.5 + (p == "G")
                node.set_param(p, drawn.astype(value.dtype))
    return adapt.thinc(model, X, name=name)


def operations(dtype):
    X = draw(7, 6, dtype=dtype)
    for op in POINTWISE:
        yield adapt.thinc(OPS, X, op=op, name=f"NumpyOps.{op}[{dtype}]")
    for op in ("reduce_first", "reduce_last", "reduce_max", "reduce_mean", "reduce_sum"):
        yield adapt.thinc(OPS, X, LENGTHS, op=op, name=f"NumpyOps.{op}[{dtype}]")
    yield adapt.thinc(OPS, X, LENGTHS, op="softmax_sequences", name=f"NumpyOps.softmax_sequences[{dtype}]")
    yield adapt.thinc(OPS, X, op="seq2col", nW=1, name=f"NumpyOps.seq2col[{dtype}]")
    yield adapt.thinc(OPS, X, op="seq2col", nW=2, lengths=LENGTHS, name=f"NumpyOps.seq2col[lengths, {dtype}]")
    yield adapt.thinc(OPS, X, op="softmax", axis=0, name=f"NumpyOps.softmax[axis 0, {dtype}]")
    yield adapt.thinc(OPS, X, op="softmax", temperature=2.0, name=f"NumpyOps.softmax[temperature 2, {dtype}]")
    yield adapt.thinc(OPS, draw(7, 5, 2, dtype=dtype), op="maxout", name=f"NumpyOps.maxout[{dtype}]")


def gradcheck_targets():
    yield from operations("f")
    yield from operations("d")
    X = draw(7, 5)
    yield made(api.Dish(5, 5), X, "Dish[5,5]")
    for cls in DENSE:
        yield made(getattr(api, cls)(3, 5), X, f"{cls}[3,5]")
    yield made(api.Softmax_v2(3, 5, temperature=2.0), X, "Softmax_v2[3,5, temperature 2]")
    yield made(api.Maxout(3, 5, nP=2), X, "Maxout[3,5,2]")
    yield made(api.LayerNorm(5), X, "LayerNorm[5]")
    yield made(api.Dropout(0.4), X, "Dropout[0.4]")
    yield made(api.chain(api.Relu(4, 5), api.LayerNorm(4), api.Linear(3, 4)), X, "chain")
    yield made(api.concatenate(api.Linear(3, 5), api.Mish(2, 5)), X, "concatenate")
    yield made(api.add(api.Linear(3, 5), api.Swish(3, 5)), X, "add")
    yield made(api.residual(api.Linear(5, 5)), X, "residual")
    yield made(api.clone(api.Linear(5, 5), 2), X, "clone")
    yield made(
        api.siamese(api.Linear(3, 5), api.CauchySimilarity(3)), (X, draw(7, 5, seed=9)), "siamese CauchySimilarity"
    )
    yield made(api.expand_window(2), X, "expand_window[2]")
    yield made(api.Embed(4, 9), np.array([[1], [3], [3], [8]], dtype="i"), "Embed[4,9]")
    yield made(api.HashEmbed(4, 9), np.array([1, 3, 3, 8], dtype="uint64"), "HashEmbed[4,9]")
    yield made(api.MultiSoftmax((2, 3), 5), X, "MultiSoftmax[2+3,5]")
    ragged = Ragged(X, LENGTHS)
    for reduce in ("reduce_first", "reduce_last", "reduce_max", "reduce_mean", "reduce_sum"):
        yield made(getattr(api, reduce)(), ragged, reduce)
    yield made(api.ParametricAttention(5), ragged, "ParametricAttention[5]")
    yield made(api.ParametricAttention_v2(nO=5), ragged, "ParametricAttention_v2[5]")
    yield made(api.with_array(api.Linear(3, 5)), [X[:3], X[3:]], "with_array Linear")
    yield made(api.with_padded(api.LSTM(3, 5)), [X[:3], X[3:]], "with_padded LSTM[3,5]")
    yield made(api.list2ragged(), [X[:3], X[3:]], "list2ragged")
    yield made(api.list2padded(), [X[:3], X[3:]], "list2padded")
    padded = OPS.list2padded([X[:3], X[3:]])
    assert isinstance(padded, Padded)
    yield made(api.padded2list(), padded, "padded2list")
