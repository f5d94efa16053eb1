"""Functions of torch and JAX: their mistakes are made small, and the program speaks their language."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import gradcheck
from gradcheck import adapt

RNG = np.random.default_rng(8)


def shown(target):
    """Return {quantity: what its program prints in an interpreter of its own}."""
    report = gradcheck.check(target, counterexample=True)
    programs = {f.wrt: f.counterexample.code for f in report.failures if f.counterexample is not None}
    place = Path(__file__).parent
    return {
        n: subprocess.run([sys.executable, "-c", code], cwd=place, capture_output=True, text=True, check=True).stdout
        for n, code in programs.items()
    }


def test_an_autograd_function_is_called_by_its_apply():
    pytest.importorskip("torch")
    from planted_torch import Squares

    told = shown(adapt.torch(Squares, RNG.normal(size=(3, 4)), RNG.normal(size=(4, 2))))
    assert told == {"x": "claimed +1, measured +2\n"}


def test_a_custom_vjp_is_pulled_back_by_jax():
    pytest.importorskip("jax")
    from planted_jax import cube

    told = shown(adapt.jax(cube, RNG.normal(size=(3, 2)), RNG.normal(size=(2,))))
    assert told == {"x": "claimed -3, measured +3\n"}


def test_what_takes_more_than_arrays_has_none():
    torch = pytest.importorskip("torch")
    half = adapt.torch(lambda x, p: (x * p["a"]).sum(), RNG.normal(size=3), {"a": RNG.normal(size=3)}, names=("x", "p"))
    assert half.recipe is None
    assert adapt.torch(torch.tanh, RNG.normal(size=3)).recipe is not None
