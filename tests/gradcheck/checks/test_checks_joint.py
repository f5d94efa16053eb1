"""Claims that each entry's own slopes allow, and that are no subgradient of all entries together."""

import numpy as np
import pytest

import gradcheck
from gradcheck import Verdict, adapt

R = np.random.default_rng(3)


def verdicts(forward, vjp, *inputs, seeds=range(4)):
    target = adapt.vjp(forward, vjp, *inputs, names=("x", "W", "b")[: len(inputs)], name="joint")
    return [gradcheck.check(target, seed=seed).verdict for seed in seeds]


def told(*rule):
    return all(verdict.wrong for verdict in verdicts(*rule))


def verified(*rule):
    return set(verdicts(*rule)) <= {Verdict.KINK, Verdict.AGREES}


def accepted(*rule):
    return any(verdict in (Verdict.KINK, Verdict.AGREES) for verdict in verdicts(*rule))


def test_what_is_wrong_beside_a_kink_is_told_as_what_is_open():
    target = adapt.vjp(np.abs, lambda i, u: (0 * u,), np.zeros(3), names=("x",), name="stuck")
    report = str(gradcheck.check(target))
    assert "valid subgradient at this kink, but at a point moved by 0.001 of its size it is wrong" in report


def pairs(x):
    return np.abs(x[:, None] - x[None]).sum() / 2


TIED = np.array([0.3, 0.3, 1.0, -1.0, 0.3])
A, B = np.array([1.0, 2.0, 0.3]), np.array([1.0, 2.0, 0.7])

PAIRS = {
    "relu of a difference": (
        lambda a, b: np.maximum(a - b, 0),
        lambda i, u: (u * (i[0] >= i[1]), -u * (i[0] > i[1])),
        lambda i, u: (u * (i[0] >= i[1]), -u * (i[0] >= i[1])),
        (A, B),
    ),
    "absolute error": (
        lambda a, b: np.abs(a - b).mean(),
        lambda i, u: (u * np.where(i[0] >= i[1], 1, -1) / 3, u * np.where(i[1] >= i[0], 1, -1) / 3),
        lambda i, u: (u * np.sign(i[0] - i[1]) / 3, -u * np.sign(i[0] - i[1]) / 3),
        (A, B),
    ),
    "distance of two": (
        lambda x: np.abs(x[0] - x[1]),
        lambda i, u: (u * np.array([1.0, 1.0 if i[0][0] == i[0][1] else -1.0]) * np.where(i[0][0] >= i[0][1], 1, -1),),
        lambda i, u: (u * np.array([1.0, -1.0]) * np.where(i[0][0] >= i[0][1], 1, -1),),
        (np.array([0.3, 0.3]),),
    ),
    "all distances": (
        pairs,
        lambda i, u: (u * np.where(i[0][:, None] > i[0][None], 1, -1).sum(1) + u,),
        lambda i, u: (u * np.sign(i[0][:, None] - i[0][None]).sum(1),),
        (TIED,),
    ),
    "relu of a sum": (
        lambda x: np.maximum(x[0] + x[1], 0.0),
        lambda i, u: (u * (np.array([1.0, 0.0]) if i[0].sum() == 0 else np.ones(2) * (i[0].sum() > 0)),),
        lambda i, u: (u * np.ones(2) * (0.3 if i[0].sum() == 0 else i[0].sum() > 0),),
        (np.array([1.0, -1.0]),),
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_entries_that_are_right_one_by_one_are_judged_together(name):
    forward, wrong, right, inputs = PAIRS[name]
    assert told(forward, wrong, *inputs)
    assert verified(forward, right, *inputs)


def relu_layer(x, W, b):
    return np.maximum(x @ W + b, 0)


def gated(of_weights, of_bias, share=lambda g: g):
    """A backward of the layer with one comparison for the weights and another for the bias."""

    def vjp(inputs, u):
        x, W, b = inputs
        s = x @ W + b
        g = u * of_weights(s, 0)
        return g @ W.T, x.T @ g, share((u * of_bias(s, 0)).sum(0))

    return vjp


def test_weights_and_bias_gated_unlike_each_other_are_told():
    point = np.array([[1.0, 2.0]]), np.array([[2.0], [-1.0]]), np.zeros(1)
    assert told(relu_layer, gated(np.greater, np.greater_equal), *point)
    assert verified(relu_layer, gated(np.greater, np.greater), *point)
    assert verified(relu_layer, gated(np.greater_equal, np.greater_equal), *point)


@pytest.mark.parametrize("factor", [1.001, *(pytest.param(f, marks=pytest.mark.slow) for f in (1.3, 2.0))])
def test_a_mistake_between_the_slopes_of_a_kink_is_not_verified(factor):
    """A padded row and a bias of zeros: every pre-activation of that row is zero, and half a bias a subgradient."""
    x = R.normal(size=(8, 20))
    x[3] = 0
    point = x, R.normal(size=(20, 15)), np.zeros(15)
    factors = np.where(np.arange(15) == 2, factor, 1.0)
    assert not accepted(relu_layer, gated(np.greater, np.greater, lambda g: g * factors), *point)
    assert verified(relu_layer, gated(np.greater, np.greater), *point)


def test_a_mean_for_a_sum_in_a_layer_of_zeros_is_not_verified():
    point = R.normal(size=(4, 3)), np.zeros((3, 2)), np.zeros(2)
    assert not accepted(relu_layer, gated(np.greater_equal, np.greater_equal, lambda g: g / 4), *point)
    assert verified(relu_layer, gated(np.greater_equal, np.greater_equal), *point)


@pytest.mark.parametrize("beyond", [1e-6, 1e-5, 1e-4])
@pytest.mark.parametrize(("f", "low"), [(lambda x: np.maximum(x, 0), 0.0), (np.abs, -1.0)], ids=["relu", "abs"])
def test_a_claim_just_outside_of_both_slopes_is_no_subgradient(f, low, beyond):
    def at_zero(claim):
        slope = lambda x: np.where(x == 0, claim, np.where(x > 0, 1.0, low))  # noqa: E731
        return f, lambda i, u: (u * slope(i[0]),), np.array([0.0, 1, -2, 0, 0.5])

    assert told(*at_zero(1 + beyond))
    assert told(*at_zero(low - beyond))
    assert verified(*at_zero(1.0))


def test_a_claim_outside_of_both_slopes_is_told_with_both():
    target = adapt.vjp(np.abs, lambda i, u: (u * np.where(i[0] == 0, 1.5, np.sign(i[0])),), np.array([0.0, 1, -2]))
    assert "outside of the slopes that meet there" in str(gradcheck.check(target, seed=1))


def middle(x):
    return np.median(x, axis=1)


def first_of_equals(inputs, u):
    (x,) = inputs
    g = np.zeros_like(x)
    g[np.arange(len(x)), np.argsort(x, 1, kind="stable")[:, x.shape[1] // 2]] = u
    return (g,)


@pytest.mark.parametrize("rows", [2, 10, 55])
def test_one_row_of_equals_among_others_is_no_mistake_of_a_median(rows):
    x = R.normal(size=(rows, 3))
    x[min(7, rows - 1)] = 0
    assert verified(middle, first_of_equals, x)
    assert told(middle, lambda i, u: (u[:, None] * (i[0] == middle(i[0])[:, None]),), x)


def median_of_three(a, b, c):
    return np.maximum(np.minimum(a, b), np.minimum(np.maximum(a, b), c))


def median_of_three_pull(inputs, u):
    a, b, c = inputs
    small, large = np.minimum(a, b), np.maximum(a, b)
    second = np.minimum(large, c)
    g, h = u * (small >= second), u * (small < second) * (large <= c)
    return g * (a <= b) + h * (a >= b), g * (a > b) + h * (a < b), u * (small < second) * (large > c)


def test_three_equal_inputs_of_which_one_is_the_median_are_verified():
    a, b, c = np.random.default_rng(0).normal(size=(3, 3))
    a[0] = b[0] = c[0] = 0.7
    assert verified(median_of_three, median_of_three_pull, a, b, c)
    assert told(median_of_three, lambda i, u: tuple(2 * g for g in median_of_three_pull(i, u)), a, b, c)
