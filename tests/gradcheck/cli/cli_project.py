"""A project with a faulty and a right module, and a way to call the command line in it."""

import os
from pathlib import Path

import pytest

from tests import warm

ROOT = Path(__file__).parents[3]

FAULTY = """
import numpy as np


class Dense:
    def __init__(self, n_in, n_out):
        self.n_in, self.n_out = n_in, n_out

    def init(self, rng):
        return {"W": rng.normal(size=(self.n_in, self.n_out)), "b": rng.normal(size=(1, self.n_out))}

    def forward(self, params, x, *, rng=None):
        return x @ params["W"] + params["b"], x

    def backward(self, params, x, dy):
        dW = x.T @ dy / len(x)  # a mean where a sum belongs
        return dy @ params["W"].T, {"W": dW, "b": dy.sum(axis=0, keepdims=True)}


class Relu:
    def __call__(self, x):
        return np.maximum(x, 0)

    def grad(self, x):
        return (x > 0) * 1.0


def gradcheck_targets():
    rng = np.random.default_rng(0)
    layer, x = Dense(3, 5), rng.normal(size=(4, 3))
    yield {"adapt": "layer", "name": "Dense[3,5]", "layer": layer, "params": layer.init(rng), "x": x}
    x = x.copy()
    x[1, 2] = 0
    yield {"adapt": "activation", "act": Relu(), "x": x}
"""


@pytest.fixture
def project(tmp_path):
    """A directory with faulty.py, whose Dense is wrong in W, and right.py, where it is not."""
    (tmp_path / "faulty.py").write_text(FAULTY)
    (tmp_path / "right.py").write_text(FAULTY.replace(" / len(x)", ""))
    return tmp_path


@pytest.fixture
def gradcheck(project):
    """Call `python -m gradcheck` in the project; returns code, stdout, stderr."""

    def call(*arguments, cwd=project, columns=100, **environment):
        own = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": str(columns), **environment}
        return warm.run([str(argument) for argument in arguments], cwd=cwd, env=own, timeout=120)

    return call
