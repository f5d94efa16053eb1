"""Where digits are few: outputs that cancel to nothing, claims that float32 cannot hold, and wrong twins of each."""

import numpy as np
import pytest

import gradcheck
from gradcheck import Verdict, adapt

RNG = np.random.default_rng(77)


def verdict(forward, pull, *inputs, seed=0):
    target = adapt.vjp(forward, pull, *inputs, names=("x", "b")[: len(inputs)], name=forward.__name__)
    return gradcheck.check(target, seed=seed).verdict


def standardise(x):
    centred = x - x.mean(axis=0)
    return centred / np.sqrt((centred**2).mean(axis=0) + 1e-5)


def standardise_pull(inputs, u):
    x = inputs[0]
    centred = x - x.mean(axis=0)
    s = np.sqrt((centred**2).mean(axis=0) + 1e-5)
    y = centred / s
    return ((u - u.mean(axis=0) - y * (u * y).mean(axis=0)) / s,)


@pytest.mark.parametrize("seed", range(3))
def test_a_normalisation_of_constant_features_is_verified_and_its_twin_told(seed):
    """Every output is the rounding of zero there, and the noise is that of numbers of size one."""
    x = np.tile(RNG.normal(size=(1, 5)), (3, 1))
    assert verdict(standardise, standardise_pull, x, seed=seed) is Verdict.AGREES

    def uncentred(inputs, u):
        return (standardise_pull(inputs, u)[0] + u.mean(axis=0) / np.sqrt(1e-5),)

    assert verdict(standardise, uncentred, x, seed=seed) is Verdict.DISAGREES


def cosine_of_one(x, b):
    return 1.0 - x * b / np.sqrt(x**2 * b**2)


def cosine_of_one_pull(inputs, u):
    x, b = inputs
    r = np.sqrt(x**2 * b**2)
    return u * (x * b * x * b**2 / r**3 - b / r), u * (x * b * b * x**2 / r**3 - x / r)


@pytest.mark.parametrize("seed", range(4))
def test_the_cosine_of_single_numbers_is_never_called_wrong(seed):
    """One minus one is zero, and what is claimed for it is the rounding of one."""
    x, b = RNG.normal(size=(2, 3, 1))
    assert not verdict(cosine_of_one, cosine_of_one_pull, x, b, seed=seed).wrong


def shrink(x):
    return x / (np.abs(x) + x.dtype.type(1e-8))


def shrink_pull(inputs, u):
    size = np.abs(inputs[0]) + inputs[0].dtype.type(1e-8)
    return (u / size - u * np.abs(inputs[0]) / size**2,)


def test_a_float32_gradient_below_the_spacing_of_its_outputs_may_be_zero():
    x = RNG.normal(size=(3, 5)).astype(np.float32)
    assert verdict(shrink, shrink_pull, x) is Verdict.AGREES

    def forgets(inputs, u):
        return (u * (np.float32(1) / (np.abs(inputs[0]) + np.float32(1e-8))).astype(u.dtype),)

    assert verdict(shrink, forgets, x) is Verdict.DISAGREES


def ridge(x, b):
    return np.linalg.solve(x.T @ x + np.eye(x.shape[1], dtype=x.dtype), b)


def ridge_pull(inputs, u):
    x, b = inputs
    m = x.T @ x + np.eye(x.shape[1], dtype=x.dtype)
    y, g = np.linalg.solve(m, b), np.linalg.solve(m, u)
    outer = np.outer(g, y)
    return -x @ (outer + outer.T), g


@pytest.mark.parametrize("seed", range(3))
def test_an_ill_conditioned_float32_backward_is_not_called_wrong_and_a_wrong_one_is(seed):
    """Two images span two of seven directions: float32 keeps one digit of the solution, float64 ten."""
    x = np.random.default_rng(seed).integers(0, 256, (2, 7)).astype(np.float32)
    b = RNG.normal(size=7).astype(np.float32)
    assert not verdict(ridge, ridge_pull, x, b, seed=seed).wrong

    def half(inputs, u):
        dx, db = ridge_pull(inputs, u)
        return dx * np.float32(0.5), db

    assert verdict(ridge, half, x, b, seed=seed).wrong


def explained(x, b):
    """Return bᵀ K⁻¹ b of a Gaussian process, whose K is nearly singular."""
    k = np.exp(-((x[:, None] - x) ** 2) / 2) + np.float32(1e-4) * np.eye(x.size, dtype=x.dtype)
    return b @ np.linalg.solve(k, b)


def explained_pull(inputs, u):
    x, b = inputs
    apart = x[:, None] - x
    smooth = np.exp(-(apart**2) / 2)
    a = np.linalg.solve(smooth + np.float32(1e-4) * np.eye(x.size, dtype=x.dtype), b)
    return 2 * u * (np.outer(a, a) * smooth * apart).sum(axis=1), 2 * u * a


@pytest.mark.parametrize("seed", range(4))
def test_a_float32_backward_that_loses_less_than_its_resolution_is_verified(seed):
    """What float32 costs is seen in float64, where the same formula is right: 1e-4 to 1e-3, no staircase, no noise."""
    rng = np.random.default_rng(seed)
    x, b = (rng.normal(size=6).astype(np.float32) for _ in range(2))
    assert verdict(explained, explained_pull, x, b, seed=seed) is Verdict.AGREES

    def off(inputs, u):
        return tuple(g * np.float32(1.02) for g in explained_pull(inputs, u))

    assert verdict(explained, off, x, b, seed=seed).wrong
