"""Whole models, fresh and trained."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from netcore.activations import GELU, Tanh
from netcore.layers import (
    GRU,
    AvgPool2d,
    BatchNorm,
    Conv2d,
    Dense,
    Embedding,
    Flatten,
    LayerNorm,
    Sequential,
    TransformerBlock,
)
from netcore.losses import CrossEntropy
from netcore.model import Model
from netcore.protocol import Array, Layer


def model_targets() -> Iterator[dict[str, Any]]:
    """Yield the notebook's kind of model, deeper ones, and one after training."""
    rng = np.random.default_rng(14)
    x, y = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
    yield _target("Model[3,2]", Model([3, 2]), x, y)
    yield _target("Model[3,4,2,sigmoid]", Model([3, 4, 2], act="sigmoid"), x, y)
    yield _target(
        "Model[3,4,7,2,tanh]", Model([3, 4, 7, 2], act="tanh", out_act="identity", initialiser="glorot"), x, y
    )
    classifier = Model([3, 7, 2], out_act="sigmoid", loss="logloss", initialiser="he")
    yield _target("Model[3,7,2,logloss]", classifier, x, (y > 0).astype(float))
    yield _target("Model[nested]", Model([Sequential([Dense(3, 4), Tanh()]), Dense(4, 2)]), x, y)
    yield from _networks(rng)
    trained = Model([3, 4, 2], act="tanh", out_act="identity", initialiser="glorot")
    trained.train(x, y, 50, learning_rate=0.1, verbose=0)
    yield _target("Model[3,4,2,trained]", trained, x, y)


def _networks(rng: np.random.Generator) -> Iterator[dict[str, Any]]:
    """Yield one small model of each family, for classes."""
    images, labels = rng.normal(size=(3, 2, 4, 5)), np.array([0, 2, 1])
    conv: list[Layer] = [Conv2d(2, 3, 3, padding=1), BatchNorm(3), GELU(), AvgPool2d(2), Flatten(), Dense(12, 3)]
    yield _target("Model[convolution]", Model(conv, loss=CrossEntropy()), images, labels)
    ids, following = rng.integers(0, 5, size=(2, 3)), rng.integers(0, 5, size=(2, 3))
    recurrent: list[Layer] = [Embedding(5, 4), GRU(4, 3), Dense(3, 5)]
    yield _target("Model[recurrent]", Model(recurrent, loss=CrossEntropy()), ids, following)
    attention: list[Layer] = [Embedding(5, 4), TransformerBlock(4, 2, hidden=3, causal=True), LayerNorm(4), Dense(4, 5)]
    yield _target("Model[attention]", Model(attention, loss=CrossEntropy(label_smoothing=0.1)), ids, following)


def _target(name: str, model: Model, x: Array, y: Array) -> dict[str, Any]:
    return {"adapt": "model", "name": name, "model": model, "x": x, "y": y}
