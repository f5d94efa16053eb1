"""One wrong entry of hundreds in float32: what 64 spacings of a block would hide, float64 shows."""

import numpy as np
import pytest

import gradcheck
from gradcheck import Verdict, adapt

W = np.random.default_rng(31).normal(size=(20, 7)).astype(np.float32)


def dense(x):
    return np.tanh(x @ W.astype(x.dtype))


def dense_pull(x, u):
    w = W.astype(x.dtype)
    return (u * (1 - np.tanh(x @ w) ** 2)) @ w.T


def target(pull, seed):
    x = (0.3 * np.random.default_rng([32, seed]).normal(size=(21, 20))).astype(np.float32)
    return adapt.vjp(dense, lambda inputs, u: pull(inputs[0], u), x, names=("x",), name="dense")


@pytest.mark.parametrize("seed", range(12))
def test_one_entry_of_hundreds_that_is_off_by_a_thousandth_is_never_verified_in_float32(seed):
    def off(x, u):
        g = dense_pull(x, u)
        g.flat[np.argsort(np.abs(g), axis=None)[g.size * 3 // 4]] *= 1 + 1e-3
        return g

    assert gradcheck.check(target(off, seed), seed=seed).verdict is not Verdict.AGREES


def test_most_of_them_are_called_wrong():
    def off(x, u):
        g = dense_pull(x, u)
        g[17, 3] *= 1 + 2e-3
        return g

    told = [gradcheck.check(target(off, seed), seed=seed).verdict for seed in range(12)]
    assert told.count(Verdict.DISAGREES) >= 10, told


@pytest.mark.parametrize("seed", range(6))
def test_a_backward_that_rounds_to_float32_whatever_it_is_given_is_not_called_wrong(seed):
    """Its answer in float64 is no better, and says nothing: 1 − y² near 1 has lost four digits."""

    def squared(x):
        return np.tanh(8 * x)

    def pull(inputs, u):
        y = np.tanh(8 * inputs[0].astype(np.float32))
        return 8 * u * (1 - y * y)

    x = np.random.default_rng([33, seed]).uniform(0.4, 0.7, (21, 20)).astype(np.float32)
    found = adapt.vjp(squared, pull, x, names=("x",), name="squared")
    assert not gradcheck.check(found, seed=seed).verdict.wrong
    assert gradcheck.check(target(dense_pull, seed), seed=seed).verdict is Verdict.AGREES
