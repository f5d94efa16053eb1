"""Gains of one and biases of zero: what is right there and nowhere else."""

import numpy as np
import pytest

import gradcheck
from gradcheck import Verdict, adapt

R = np.random.default_rng(21)
X, GAIN, BIAS = R.normal(size=(4, 6)), np.ones(6), np.zeros(6)


def normalised(x):
    centred = x - x.mean(axis=1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-5)


def norm(x, g, b):
    return normalised(x) * g + b


def norm_pull(of_gain, gain_in_x=lambda g: g):
    def pull(inputs, u):
        x, g, b = inputs
        h = normalised(x)
        sigma = np.sqrt(x.var(axis=1, keepdims=True) + 1e-5)
        dh = u * gain_in_x(g)
        dx = (dh - dh.mean(axis=1, keepdims=True) - h * (dh * h).mean(axis=1, keepdims=True)) / sigma
        return dx, (u * of_gain(h, g, b)).sum(axis=0), u.sum(axis=0)

    return pull


def layer(pull, g=GAIN, b=BIAS):
    return adapt.vjp(norm, pull, X, g, b, names=("x", "g", "b"), name="norm")


WRONG = {
    "of the output, not of what is normalised": norm_pull(lambda h, g, b: h * g + b),
    "the gain left out": norm_pull(lambda h, g, b: h, lambda g: 1.0),
    "the gain of another channel": norm_pull(lambda h, g, b: h, lambda g: np.roll(g, 1)),
}


@pytest.mark.parametrize("mistake", WRONG)
@pytest.mark.parametrize("seed", range(3))
def test_a_mistake_that_the_first_parameters_hide_is_told(mistake, seed):
    report = gradcheck.check(layer(WRONG[mistake]), seed=seed)
    assert report.verdict in (Verdict.DISAGREES, Verdict.MALFORMED)
    elsewhere = layer(WRONG[mistake], R.normal(size=6), R.normal(size=6))
    assert gradcheck.check(elsewhere, seed=seed).verdict is Verdict.DISAGREES


def test_what_is_told_says_that_it_is_right_at_the_point_given():
    report = gradcheck.check(layer(WRONG["of the output, not of what is normalised"]))
    (finding,) = [f for f in report.findings if f.verdict is Verdict.DISAGREES]
    assert finding.wrt == "g"
    assert "right at the point given, where g is all ones and b is all zeros, and wrong where" in finding.message


@pytest.mark.parametrize("seed", range(5))
def test_right_layers_at_their_start_are_right(seed):
    assert gradcheck.check(layer(norm_pull(lambda h, g, b: h)), seed=seed).verdict is Verdict.AGREES
    weights = R.normal(size=(6, 3))
    dense = adapt.vjp(
        lambda x, b: np.maximum(x @ weights + b, 0),
        lambda i, u: ((u * (i[0] @ weights + i[1] > 0)) @ weights.T, (u * (i[0] @ weights + i[1] > 0)).sum(axis=0)),
        X,
        np.zeros(3),
        names=("x", "b"),
        name="dense",
    )
    assert gradcheck.check(dense, seed=seed).verdict is Verdict.AGREES


def test_a_temperature_of_one_hides_its_own_power():
    def pull(power):
        return lambda i, u: (u / i[1], np.asarray(-(u * i[0]).sum() / i[1] ** power))

    for power, right in ((2, True), (1, False)):
        target = adapt.vjp(lambda x, T: x / T, pull(power), X, np.array(1.0), names=("x", "T"), name="scaled")
        assert gradcheck.check(target).verdict is (Verdict.AGREES if right else Verdict.DISAGREES)


def test_where_the_function_ends_beside_the_start_nothing_is_said():
    """√(1e-3 − b²) is defined at zero, and not a third away from it."""
    root = adapt.vjp(
        lambda x, b: x * np.sqrt(1e-3 - b**2),
        lambda i, u: (u * np.sqrt(1e-3 - i[1] ** 2), -(u * i[0] * i[1] / np.sqrt(1e-3 - i[1] ** 2)).sum(axis=0)),
        X,
        BIAS,
        names=("x", "b"),
        name="root",
    )
    assert gradcheck.check(root).verdict is Verdict.AGREES
