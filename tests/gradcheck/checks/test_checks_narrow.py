"""One wrong entry of hundreds in float32: what 64 spacings of a block would hide, float64 shows."""

import numpy as np
import pytest

import gradcheck
from gradcheck import Verdict, adapt

W = np.random.default_rng(31).normal(size=(50, 7)).astype(np.float32)
SHAPES = [(21, 20), (43, 40), (60, 50)]


def dense(x):
    return np.tanh(x @ W[: x.shape[1]].astype(x.dtype))


def dense_pull(x, u):
    w = W[: x.shape[1]].astype(x.dtype)
    return (u * (1 - np.tanh(x @ w) ** 2)) @ w.T


def target(pull, shape, seed):
    x = (0.3 * np.random.default_rng([32, seed]).normal(size=shape)).astype(np.float32)
    return adapt.vjp(dense, lambda inputs, u: pull(inputs[0], u), x, names=("x",), name="dense")


@pytest.mark.parametrize("seed", [3, 17, 22, 47, 50])
@pytest.mark.parametrize("shape", SHAPES)
def test_one_entry_of_hundreds_that_is_off_by_a_thousandth_is_seen_in_float32(shape, seed):
    """At an ordinary entry; (60, 50) with seeds 17, 47 and 50 was taken for a tie, which curvature looked like."""
    x = target(dense_pull, shape, seed).point["x"]
    ones = np.ones((shape[0], 7), np.float32)
    place = np.argsort(np.abs(dense_pull(x, ones)), axis=None)[x.size // 2 + 7 * seed % 50]

    def off(x, u):
        g = dense_pull(x, u)
        g.flat[place] *= 1 + 1e-3
        return g

    report = gradcheck.check(target(off, shape, seed), seed=seed)
    assert report.verdict is Verdict.DISAGREES
    assert any(f.worst == tuple(np.unravel_index(place, shape)) for f in report.findings)


@pytest.mark.parametrize("shape", SHAPES)
def test_its_right_twin_is_verified(shape):
    assert gradcheck.check(target(dense_pull, shape, 5), seed=5).verdict is Verdict.AGREES


def squared(seed, shape, factor=1.0):
    """tanh at 8 x, near 1, with a backward in float32 whatever it is given, and one entry off by a factor."""

    def pull(inputs, u):
        y = np.tanh(8 * inputs[0].astype(np.float32))
        g = 8 * u * (1 - y * y)
        g[2, 1] *= factor
        return g

    x = np.random.default_rng([33, seed]).uniform(0.4, 0.7, shape).astype(np.float32)
    return adapt.vjp(lambda x: np.tanh(8 * x), pull, x, names=("x",), name="squared")


@pytest.mark.parametrize("seed", [*range(6), 11])
@pytest.mark.parametrize("shape", [(4, 5), (21, 20)])
def test_a_backward_that_rounds_to_float32_whatever_it_is_given_is_not_called_wrong(shape, seed):
    """Its answer in float64 is no better, and says nothing: 1 − y² near 1 has lost four digits."""
    assert gradcheck.check(squared(seed, shape), seed=seed).verdict in (Verdict.AGREES, Verdict.INCONCLUSIVE)


@pytest.mark.parametrize("seed", range(6))
def test_what_is_more_than_those_digits_is_wrong(seed):
    assert gradcheck.check(squared(seed, (4, 5), factor=1.3), seed=seed).verdict is Verdict.DISAGREES


@pytest.mark.parametrize("seed", [2111, 5555])
def test_a_bias_whose_cotangents_cancel_is_verified_to_its_own_rounding(seed):
    """With these seeds the sum of 61 cotangents is a thousandth of theirs: rounded by over 64 of its spacings."""
    x = np.random.default_rng([34, seed]).normal(size=(61, 5)).astype(np.float32)

    def shifted(factor):
        return adapt.vjp(
            lambda x, b: x.sum(1, keepdims=True) + b,
            lambda inputs, u: (np.repeat(u, 5, axis=1), np.float32(factor) * u.sum(0)),
            x,
            np.array([0.25], np.float32),
            names=("x", "b"),
            name="shifted",
        )

    report = gradcheck.check(shifted(1.0), seed=seed)
    assert report.verdict is Verdict.AGREES
    (along,) = (f for f in report.findings if f.check == "gradient.direction" and f.wrt == "b")
    assert abs(along.gap) <= along.allowed
    assert gradcheck.check(shifted(1.01), seed=seed).verdict is Verdict.DISAGREES


@pytest.mark.parametrize("seed", [5, 11])
def test_a_gap_that_its_digits_may_have_made_is_not_verified_either(seed):
    """One entry of a softmax that is a thousandth off, where the row has ones to cancel."""

    def softmax(x):
        e = np.exp(x - x.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def pull(inputs, u):
        p = softmax(inputs[0].astype(np.float32))
        g = np.array(p * (u - (u * p).sum(axis=1, keepdims=True)))
        g[2, 1] *= 1 + 1e-3
        return g

    x = (3 * np.random.default_rng([9, seed]).normal(size=(6, 5))).astype(np.float32)
    found = adapt.vjp(softmax, pull, x, names=("x",), name="soft")
    assert gradcheck.check(found, seed=seed).exit_code != 0


def solved(dtype, value, seed, factor=1.0):
    """tanh, saturated in one entry, with a backward that goes through numpy.linalg, which takes no longdouble."""

    def pull(inputs, u):
        y = np.tanh(inputs[0])
        g = np.linalg.solve(np.eye(3, dtype=y.dtype), u.T).T * (1 - y * y)
        g[0, 2] *= factor
        return g

    x = np.random.default_rng(seed).normal(size=(2, 3))
    x[1, 2] = value + 0.03 * x[0, 0]
    return adapt.vjp(np.tanh, pull, x.astype(dtype), names=("x",), name="solved")


@pytest.mark.parametrize("seed", range(7))
@pytest.mark.parametrize(
    ("dtype", "value"), [(np.float32, 5.0), (np.float32, 7.0), (np.float32, 8.0), (np.float64, 17.0)]
)
def test_a_backward_that_refuses_extended_numbers_is_not_wrong_by_the_digits_it_loses(dtype, value, seed):
    """Of float32, float64 tells what it has lost; of float64 nothing does."""
    verdicts = [Verdict.AGREES] if dtype is np.float32 else [Verdict.AGREES, Verdict.INCONCLUSIVE]
    assert gradcheck.check(solved(dtype, value, seed), seed=seed).verdict in verdicts


@pytest.mark.parametrize(("dtype", "factor"), [(np.float32, 1 + 1e-3), (np.float64, 1 + 1e-6)])
def test_a_wrong_entry_beside_it_is_told(dtype, factor):
    target = solved(dtype, 8.0 if dtype is np.float32 else 17.0, 3, factor)
    assert gradcheck.check(target, seed=3).verdict is Verdict.DISAGREES
