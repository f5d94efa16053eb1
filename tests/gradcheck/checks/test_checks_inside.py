"""Float32 inside one path of a function of float64: what the others show in ten digits, it shows in four or none."""

import numpy as np
import pytest

import gradcheck
from gradcheck import Verdict, adapt


def softmax(z):
    z = z.astype(np.float32)
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return (e / e.sum(axis=-1, keepdims=True)).astype(np.float64)


def attention(q, k, v):
    return softmax(q @ k.T / 2) @ v


def pull(inputs, u, factor=1.0):
    q, k, v = inputs
    p = softmax(q @ k.T / 2)
    dp = u @ v.T
    dz = factor * p * (dp - (p * dp).sum(axis=-1, keepdims=True)) / 2
    return dz @ k, dz.T @ q, p.T @ u


def verdicts(scale, factor, seeds=range(5)):
    found = {}
    for seed in seeds:
        rng = np.random.default_rng(seed)
        q, k, v = (size * rng.normal(size=(rows, 4)) for size, rows in ((scale, 3), (scale, 5), (1.0, 5)))
        target = adapt.vjp(attention, lambda i, u: pull(i, u, factor), q, k, v, name="attention")
        for finding in gradcheck.check(target, seed=seed).findings:
            if finding.check == "gradient.direction":
                found.setdefault(finding.wrt, set()).add(finding.verdict)
    return found


@pytest.mark.parametrize("scale", [1e-4, 1e-3, 1e-2])
def test_stairs_of_a_softmax_in_float32_are_not_taken_for_a_slope_of_zero(scale):
    found = verdicts(scale, 1.0)
    assert found["v"] == {Verdict.AGREES}
    assert found["q"] | found["k"] <= {Verdict.AGREES, Verdict.INCONCLUSIVE}


@pytest.mark.parametrize("factor", [1.0, 1.01, -1.0])
@pytest.mark.parametrize("scale", [0.1, pytest.param(0.5, marks=pytest.mark.slow)])
def test_a_softmax_in_float32_is_measured_with_steps_of_float32(scale, factor):
    expected = {Verdict.AGREES if factor == 1.0 else Verdict.DISAGREES}
    assert verdicts(scale, factor) == {"q": expected, "k": expected, "v": {Verdict.AGREES}}


def test_a_flat_function_whose_claim_would_have_moved_it_is_still_wrong():
    """Outputs that rest on short steps excuse a claim only up to stairs as tall as rounding in float32."""
    x = np.array([-0.6, -1.2, 0.9, 2.0, -0.4])
    straight_through = adapt.vjp(lambda x: np.maximum(x, 0), lambda i, u: (u,), x, names=("x",), name="relu")
    assert gradcheck.check(straight_through).verdict is Verdict.DISAGREES


def autocast(f):
    """Compute in float16 what comes in float32, and hand it back in float32, backward as well as forward."""
    half = lambda value: np.asarray(value, np.float16)  # noqa: E731
    return lambda *values: np.asarray(f(*map(half, values)), np.float32)


def tanh_slope(x, u):
    return u * (1 - np.tanh(x) ** 2)


def softmax_slope(x, u):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    return p * (u - (p * u).sum(axis=1, keepdims=True))


def plain_softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("container", [np.float32, np.float64])
@pytest.mark.parametrize(("f", "slope"), [(np.tanh, tanh_slope), (plain_softmax, softmax_slope)])
def test_float16_inside_arrays_of_longer_numbers_is_judged_as_float16(f, slope, container):
    for factor, wrong in ((1.0, False), (-1.0, True), (2.0, True)):
        for seed in range(3):
            x = np.random.default_rng(seed).normal(size=(4, 6)).astype(np.float16).astype(container)
            forward = lambda x: autocast(f)(x).astype(container)  # noqa: E731
            pull = lambda i, u, k=factor: ((k * autocast(slope)(i[0], u)).astype(container),)  # noqa: E731
            verdict = gradcheck.check(adapt.vjp(forward, pull, x, names=("x",), name="half"), seed=seed).verdict
            assert verdict.wrong == wrong or (wrong and verdict is Verdict.INCONCLUSIVE)
            assert verdict in (Verdict.AGREES, Verdict.INCONCLUSIVE) or wrong


def bfloat(values):
    """Round to the nearest number with eight bits, as bfloat16 does; arrays stay float32."""
    bits = np.asarray(values, np.float32).reshape(-1).view(np.uint32).astype(np.uint64)
    kept = ((bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000).astype(np.uint32).view(np.float32)
    return kept.reshape(np.shape(values))[()]


TRUTH = bfloat(np.random.default_rng(1).normal(size=(5, 4)))
LABELS = np.array([0, 2, 1, 3, 3])


def squares(x):
    return bfloat(bfloat(bfloat(bfloat(x) - TRUTH) ** 2).mean())


def squares_pull(x, u):
    return bfloat(2 * bfloat(u) * bfloat(bfloat(x) - TRUTH) / x.size)


def cross_entropy(x):
    z = bfloat(x)
    z = bfloat(z - z.max(axis=1, keepdims=True))
    return bfloat((bfloat(np.log(bfloat(np.exp(z).sum(axis=1)))) - z[np.arange(5), LABELS]).mean())


def cross_entropy_pull(x, u):
    p = bfloat(plain_softmax(bfloat(x)))
    p[np.arange(5), LABELS] -= 1
    return bfloat(bfloat(u) * p / len(x))


@pytest.mark.parametrize("seed", [*range(4), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(4, 14))])
@pytest.mark.parametrize(("f", "slope"), [(squares, squares_pull), (cross_entropy, cross_entropy_pull)])
def test_one_loss_in_bfloat16_is_not_taken_for_a_constant(f, slope, seed):
    """Its stairs are as wide as the step: seed 13 of the cross-entropy moves on none that makes all scores larger."""
    x = np.random.default_rng([seed, 2]).normal(size=(5, 4)).astype(np.float32)
    target = adapt.vjp(f, lambda i, u: slope(i[0], u), x, names=("x",), name=f.__name__)
    assert not gradcheck.check(target, seed=seed).verdict.wrong


@pytest.mark.parametrize("f", [squares, cross_entropy])
def test_a_loss_in_bfloat16_whose_gradient_has_the_wrong_sign_is_never_verified(f):
    slope = {squares: squares_pull, cross_entropy: cross_entropy_pull}[f]
    told = []
    for seed in range(8):
        x = np.random.default_rng([seed, 2]).normal(size=(5, 4)).astype(np.float32)
        target = adapt.vjp(f, lambda i, u: -3 * slope(i[0], u), x, names=("x",), name=f.__name__)
        told.append(gradcheck.check(target, seed=seed).verdict)
    assert Verdict.AGREES not in told
    assert Verdict.DISAGREES in told
