"""Layers on small random inputs: every option, training and inference."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from netcore.activations import GLU, LogSoftmax, Maxout, ReLU, Softmax, SwiGLU, Tanh
from netcore.audit.making import target
from netcore.audit.naming import label
from netcore.audit.sequences import sequence_targets
from netcore.layers import (
    Add,
    AvgPool2d,
    BatchNorm,
    Concatenate,
    Conv1d,
    Conv2d,
    ConvTranspose2d,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Graph,
    GroupNorm,
    InstanceNorm,
    LayerNorm,
    MaxPool2d,
    Node,
    Pad,
    Permute,
    Reshape,
    Residual,
    RMSNorm,
    Sequential,
    Upsample,
)

BRANCHES = Graph(
    [
        Node("left", Dense(3, 2)),
        Node("right", Dense(3, 4)),
        Node("bent", Tanh(), "right"),
        Node("joined", Concatenate(), ("left", "bent", "x")),
        Node("unused", Dense(3, 2)),
        Node("end", Dense(9, 2), "joined"),
    ]
)
SHARED = Graph(
    [
        Node("first", Dense(3, 3)),
        Node("bent", Tanh(), "first"),
        Node("second", Dense(3, 3), "bent", shares="first"),
        Node("end", Add(), ("first", "second", "x")),
    ]
)


def layer_targets() -> Iterator[dict[str, Any]]:
    """Yield every layer."""
    yield target("Dense[3,5]", Dense(3, 5), (4, 3))
    yield target("Dense[5,2,he]", Dense(5, 2, initialiser="he"), (3, 5))
    yield target("Dense[2,3,no bias]", Dense(2, 3, bias=False), (7, 4, 2))
    yield target("Dense[3,5,float32]", Dense(3, 5), (4, 3), dtype=np.float32)
    yield target("Dense[3,5,complex]", Dense(3, 5), (4, 3), dtype=np.complex128)
    yield target("Softmax", Softmax(), (3, 5))
    yield target("Softmax[axis=1]", Softmax(axis=1), (2, 5, 3))
    yield target("LogSoftmax", LogSoftmax(), (3, 5))
    yield target("LogSoftmax[axis=1]", LogSoftmax(axis=1), (5, 2, 3))
    yield target("GLU", GLU(), (3, 10))
    yield target("GLU[axis=1]", GLU(axis=1), (3, 4, 2))
    yield target("GLU[complex]", GLU(), (3, 4), dtype=np.complex128)
    yield target("SwiGLU", SwiGLU(), (3, 10))
    yield target("SwiGLU[complex]", SwiGLU(), (3, 4), dtype=np.complex128)
    yield target("Maxout[3]", Maxout(3), (2, 5, 6))
    yield target("Sequential[3,5,2]", Sequential([Dense(3, 5), Tanh(), Dense(5, 2), ReLU()]), (4, 3))
    yield from _convolutions()
    yield from _pools()
    yield from _norms()
    yield from _others()
    yield from sequence_targets()


def _convolutions() -> Iterator[dict[str, Any]]:
    yield target("Conv1d[2,3,3]", Conv1d(2, 3, 3), (4, 2, 7))
    yield target("Conv1d[strided]", Conv1d(4, 6, 2, stride=2, padding=1, dilation=2, groups=2), (3, 4, 7))
    yield target("Conv2d[2,4,3]", Conv2d(2, 4, 3), (3, 2, 5, 6))
    yield target("Conv2d[padded]", Conv2d(2, 3, (3, 2), padding=(1, 0)), (3, 2, 4, 5))
    yield target("Conv2d[strided]", Conv2d(3, 2, 3, stride=(2, 1), padding=1), (2, 3, 5, 4))
    yield target("Conv2d[dilated]", Conv2d(2, 3, 2, dilation=(2, 3)), (3, 2, 5, 6))
    yield target("Conv2d[groups]", Conv2d(4, 6, 2, groups=2, bias=False), (2, 4, 3, 5))
    yield target("Conv2d[depthwise]", Conv2d(3, 3, 3, groups=3, padding=1), (2, 3, 4, 5))
    yield target("Conv2d[pointwise]", Conv2d(3, 5, 1), (2, 3, 4, 5))
    yield target("Conv2d[float32]", Conv2d(2, 4, 3), (3, 2, 5, 6), dtype=np.float32)
    yield target("Conv2d[complex]", Conv2d(2, 3, 2, padding=1), (3, 2, 4, 5), dtype=np.complex128)
    yield target("ConvTranspose2d[3,2,3]", ConvTranspose2d(3, 2, 3), (2, 3, 4, 5))
    yield target("ConvTranspose2d[strided]", ConvTranspose2d(2, 3, 2, stride=2, extra=1, padding=1), (3, 2, 4, 5))
    yield target("ConvTranspose2d[dilated]", ConvTranspose2d(2, 3, 2, dilation=2, bias=False), (3, 2, 4, 5))


def _pools() -> Iterator[dict[str, Any]]:
    for layer in (
        MaxPool2d(2),
        MaxPool2d(3, stride=2, padding=1),
        MaxPool2d(None),
        AvgPool2d(2),
        AvgPool2d(3, stride=2, padding=1),
        AvgPool2d(3, stride=1, padding=1, count_padding=False),
        AvgPool2d(None),
    ):
        yield target(label(layer, f"kernel={layer.kernel}".replace(" ", "")), layer, (2, 3, 4, 5))


def _norms() -> Iterator[dict[str, Any]]:
    for shape in ((5, 3), (2, 3, 4, 5)):
        axes = f"{len(shape)} axes"
        yield target(f"BatchNorm[{axes},training]", BatchNorm(3), shape, seed=7)
        yield target(f"BatchNorm[{axes},inference]", BatchNorm(3), shape)
        yield target(f"LayerNorm[{axes}]", LayerNorm(shape[-1]), shape)
        yield target(f"RMSNorm[{axes}]", RMSNorm(shape[-1]), shape)
    yield target("BatchNorm[float32,training]", BatchNorm(3), (5, 3), seed=7, dtype=np.float32)
    yield target("LayerNorm[float32]", LayerNorm(5), (4, 3, 5), dtype=np.float32)
    yield target("GroupNorm[2,4]", GroupNorm(2, 4), (2, 4, 3, 5))
    yield target("GroupNorm[1,4]", GroupNorm(1, 4), (2, 4, 5))
    yield target("InstanceNorm[3]", InstanceNorm(3), (2, 3, 4, 5))


def _others() -> Iterator[dict[str, Any]]:
    rng = np.random.default_rng(15)
    yield target("Dropout[training]", Dropout(0.4), (4, 5), seed=7)
    yield target("Dropout[inference]", Dropout(0.4), (4, 5))
    yield target("Embedding[7,3]", Embedding(7, 3), x=np.array([[0, 6, 2], [2, 2, 5]]))
    yield target("Embedding[all alike]", Embedding(4, 3), x=np.full((5,), 2))
    yield target("Flatten", Flatten(), (4, 2, 3))
    yield target("Reshape[3,2]", Reshape((3, 2)), (4, 6))
    yield target("Permute[0,2,1]", Permute((0, 2, 1)), (4, 2, 3))
    yield target("Pad", Pad(((1, 2), (0, 1))), (4, 2, 3))
    yield target("Pad[fill]", Pad(((2, 1),), fill=1.5), (4, 2, 3))
    yield target("Upsample[2]", Upsample(2), (2, 3, 4, 5))
    yield target("Add", Add(), x=tuple(rng.normal(size=(3, 4, 5))))
    yield target("Concatenate", Concatenate(), x=(rng.normal(size=(5, 2)), rng.normal(size=(5, 3))))
    yield target("Concatenate[axis=1]", Concatenate(axis=1), x=tuple(rng.normal(size=(5, n, 4)) for n in (3, 2)))
    yield target("Residual[Dense]", Residual(Dense(3, 3)), (4, 3))
    yield target("Graph[branches]", BRANCHES, (4, 3))
    yield target("Graph[shared]", SHARED, (4, 3))
    yield target("Residual[BatchNorm,training]", Residual(BatchNorm(3)), (4, 3), seed=7)
