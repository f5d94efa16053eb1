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


@pytest.mark.parametrize("seed", range(4))
def test_a_float32_gradient_below_the_spacing_of_its_outputs_may_be_zero(seed):
    x = np.random.default_rng(seed).normal(size=(3, 5)).astype(np.float32)
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


def attraction(q, m):
    d = q[None] - q[:, None]
    return (m[None, :, None] * d * ((d * d).sum(-1) + 0.0025)[..., None] ** -1.5).sum(1)


def attraction_pull(inputs, u):
    q, m = inputs
    d = q[None] - q[:, None]
    r = (d * d).sum(-1) + 0.0025
    s = (d * u[:, None]).sum(-1)
    g = m[None, :, None] * (r[..., None] ** -1.5 * u[:, None] - 3 * s[..., None] * d * r[..., None] ** -2.5)
    return g.sum(0) - g.sum(1), (s * r**-1.5).sum(0)


@pytest.mark.parametrize("length", [150.0, 200.0, 300.0])
def test_digits_that_a_pullback_loses_are_not_called_nonlinear(length):
    """The term of a body with itself, 1/ε³, cancels and leaves its rounding."""
    q = length * np.array([[0.0, 0], [1, 0.3], [-0.4, 1.2], [0.8, -0.9]])
    m = np.array([1.0, 0.5, 2.0, 1.5])
    for seed in range(3):
        assert not verdict(attraction, attraction_pull, q, m, seed=seed).wrong
        clipped = lambda i, u: attraction_pull(i, np.clip(u, -50, 50))  # noqa: E731
        assert verdict(attraction, clipped, q, m, seed=seed).wrong


def variance(x):
    return x.var(0)


@pytest.mark.parametrize("factor", [2, 4])
def test_a_float32_variance_far_from_zero_is_not_verified_by_what_it_cannot_show(factor):
    x = (np.random.default_rng(1).normal(size=(5, 3)) + 1e6).astype(np.float32)
    slope = lambda i, u: (u * factor * (i[0] - i[0].mean(0)) / np.float32(5),)  # noqa: E731
    expected = {2: {Verdict.INCONCLUSIVE, Verdict.AGREES}, 4: {Verdict.INCONCLUSIVE, Verdict.DISAGREES}}[factor]
    assert {verdict(variance, slope, x, seed=seed) for seed in range(3)} <= expected


@pytest.mark.parametrize("seed", range(3))
def test_a_sum_with_a_large_constant_is_measured_in_wider_numbers(seed):
    """Steps of the point's size show three digits in float64, where extended precision shows ten."""
    x = np.random.default_rng(2).normal(size=(3, 5))
    shifted = lambda x: x + 1e11  # noqa: E731
    told = Verdict.DISAGREES if np.finfo(np.longdouble).eps < 1e-17 else Verdict.INCONCLUSIVE
    assert verdict(shifted, lambda i, u: (u * (1 + 1e-6),), x, seed=seed) is told
    assert not verdict(shifted, lambda i, u: (u,), x, seed=seed).wrong


def log_sigmoid(x):
    return -np.logaddexp(0, -x)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("far", [13, 14, 16, 17])
def test_a_claim_that_has_lost_less_than_the_resolution_is_verified(far, seed):
    """1 − σ(14) keeps ten digits, and the forward all of them."""
    x = far * (1 + 0.1 * np.random.default_rng(seed).normal(size=4))
    slope = lambda x: 1 - 1 / (1 + np.exp(-x))  # noqa: E731
    assert verdict(log_sigmoid, lambda i, u: (u * slope(i[0]),), x, seed=seed) is Verdict.AGREES
    assert verdict(log_sigmoid, lambda i, u: (u * slope(i[0]) * (1 + 2e-6),), x, seed=seed) is Verdict.DISAGREES


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("far", [12, 15, 18, 25])
def test_a_loss_that_cancels_in_float32_is_not_called_wrong(far, seed):
    """log(1 + e¹⁵) − 15 is a staircase in float32, whose smooth part is another function's."""
    y = np.array([0, 1, 1, 0, 1], np.float32)
    z = (far * (2 * y - 1) + np.random.default_rng(seed).normal(size=5)).astype(np.float32)

    def loss(z):
        return (np.logaddexp(0, z) - y.astype(z.dtype) * z).mean()

    def pull(inputs, u):
        z = inputs[0]
        return ((u * (1 / (1 + np.exp(-z)) - y) / 5).astype(z.dtype),)

    assert not verdict(loss, pull, z, seed=seed).wrong
