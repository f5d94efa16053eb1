"""Whole models, fresh and trained."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from netcore.activations import Tanh
from netcore.layers import Dense, Sequential
from netcore.model import Model
from netcore.protocol import Array


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
    trained = Model([3, 4, 2], act="tanh", out_act="identity", initialiser="glorot")
    trained.train(x, y, 50, learning_rate=0.1, verbose=0)
    yield _target("Model[3,4,2,trained]", trained, x, y)


def _target(name: str, model: Model, x: Array, y: Array) -> dict[str, Any]:
    return {"adapt": "model", "name": name, "model": model, "x": x, "y": y}
