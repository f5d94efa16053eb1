"""Saturated functions: what 1 + 1e-17 leaves of a gradient is no mistake, however small the block is then."""

import numpy as np
import pytest
from scipy import special

import gradcheck
from gradcheck import Verdict, adapt

TARGETS = np.array([0, 1, 0])
ROWS = np.arange(3)
SIGNS = np.array([1.0, -1, 1, 1, -1])


def verdicts(forward, vjp, x, seeds=range(3)):
    with np.errstate(all="ignore"):
        target = adapt.vjp(forward, vjp, x, names=("x",), name="saturated")
        return [gradcheck.check(target, seed=seed).verdict for seed in seeds]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def probabilities(x):
    z = np.exp(x - x.max(-1, keepdims=True))
    return z / z.sum(-1, keepdims=True)


def cross_entropy(x):
    top = x.max(-1, keepdims=True)
    return -(x - top - np.log(np.exp(x - top).sum(-1, keepdims=True)))[ROWS, TARGETS]


def cross_entropy_slope(x):
    g = probabilities(x)
    g[ROWS, TARGETS] -= 1
    return g


def gelu(x):
    return x * 0.5 * (1 + special.erf(x / np.sqrt(2)))


def gelu_slope(x):
    return special.ndtr(x) + x * np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)


def gelu_slope_by_erf(x):
    return 0.5 * (1 + special.erf(x / np.sqrt(2))) + x * np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)


def tanh_gelu(x):
    return 0.5 * x * (1 + np.tanh(0.7978845608028654 * (x + 0.044715 * x**3)))


def tanh_gelu_slope(x):
    h = np.tanh(0.7978845608028654 * (x + 0.044715 * x**3))
    return 0.5 * (1 + h) + 0.5 * x * (1 - h * h) * 0.7978845608028654 * (1 + 0.134145 * x * x)


def mish(x):
    return x * np.tanh(np.log(1 + np.exp(x)))


def mish_slope(x):
    s = np.tanh(np.log(1 + np.exp(x)))
    return s + x * (1 - s * s) * sigmoid(x)


def each(slope):
    return lambda i, u: (u * slope(i[0]),)


ACTIVATIONS = {
    "softplus": (lambda x: np.log(1 + np.exp(x)), sigmoid),
    "stable softplus": (lambda x: np.maximum(x, 0) + np.log(1 + np.exp(-np.abs(x))), sigmoid),
    "log-sigmoid": (lambda x: -np.log(1 + np.exp(-x)), lambda x: sigmoid(-x)),
    "gelu": (gelu, gelu_slope),
    "gelu by erf": (gelu, gelu_slope_by_erf),
    "gelu by tanh": (tanh_gelu, tanh_gelu_slope),
    "mish": (mish, mish_slope),
}


@pytest.mark.parametrize("last", [-5.0, -8.2, -10.0, -36.0, -40.0])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_one_saturated_number_is_not_called_wrong(name, last):
    forward, slope = ACTIVATIONS[name]
    assert not any(v.wrong for v in verdicts(forward, each(slope), np.array([1.0, -0.5, last])))


@pytest.mark.parametrize("scale", [10, *(pytest.param(scale, marks=pytest.mark.slow) for scale in (3, 30))])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_wide_inputs_are_verified_and_a_mistake_in_them_told(name, scale):
    forward, slope = ACTIVATIONS[name]
    x = scale * np.random.default_rng(scale).standard_normal((8, 16))
    found = set(verdicts(forward, each(slope), x, seeds=(0, 1)))
    # x tanh(log(1 + eˣ)) has one or two digits from −38 to −44 in extended precision too, and another slope there
    assert found <= ({Verdict.AGREES, Verdict.INCONCLUSIVE} if (name, scale) == ("mish", 30) else {Verdict.AGREES})
    wrong = np.where(np.arange(8) == 5, 1 + 1e-6, 1.0)[:, None]
    assert set(verdicts(forward, each(lambda x: slope(x) * wrong), x, seeds=(0, 1))) == {Verdict.DISAGREES}


@pytest.mark.parametrize("gap", [20.0, 38, *(pytest.param(gap, marks=pytest.mark.slow) for gap in (30, 35, 40, 60))])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_confident_rows_are_not_called_wrong(gap, dtype):
    x = np.array([[gap, 0, 0.3], [0, gap + 0.6, 0.5], [gap - 0.5, 0, -1]], dtype)
    mean = lambda x: cross_entropy(x).mean(dtype=x.dtype)  # noqa: E731
    pull = lambda i, u: ((u * cross_entropy_slope(i[0]) / 3).astype(i[0].dtype),)  # noqa: E731
    assert not any(v.wrong for v in verdicts(mean, pull, x))
    assert not any(v.wrong for v in verdicts(cross_entropy, lambda i, u: (u[:, None] * cross_entropy_slope(i[0]),), x))


def test_margins_of_forty_are_not_called_wrong():
    x = np.array([45.0, -43, 40, 50, -60])
    logistic = lambda x: np.log(1 + np.exp(-SIGNS * x)).mean()  # noqa: E731
    assert not any(v.wrong for v in verdicts(logistic, each(lambda x: -SIGNS * sigmoid(-SIGNS * x) / 5), x))
    t = (SIGNS + 1) / 2
    entropy = lambda x: (np.maximum(x, 0) - x * t + np.log(1 + np.exp(-abs(x)))).mean()  # noqa: E731
    assert not any(v.wrong for v in verdicts(entropy, each(lambda x: (sigmoid(x) - t) / 5), x))


def test_the_largest_of_wide_logits_as_target_is_not_called_wrong():
    for seed in range(6):
        x = 60 * np.random.default_rng([seed, 60]).standard_normal((3, 6))
        target = x.argmax(-1)

        def mean(x, target=target):
            top = x.max(-1, keepdims=True)
            return -(x - top - np.log(np.exp(x - top).sum(-1, keepdims=True)))[ROWS, target].mean()

        def pull(i, u, target=target):
            g = probabilities(i[0])
            g[ROWS, target] -= 1
            return (u * g / 3,)

        assert not any(v.wrong for v in verdicts(mean, pull, x, seeds=(seed,)))


def test_hard_samples_of_a_softmax_are_not_called_wrong():
    """At a temperature of 0.02 nearly every row is one-hot: what moves is 1e-18 of what stands still."""

    def soft(x):
        return probabilities(x / 0.02)

    def pull(i, u):
        y = soft(i[0])
        return (y * (u - (y * u).sum(-1, keepdims=True)) / 0.02,)

    for seed in range(6):
        x = np.random.default_rng([seed, 9]).normal(size=(3, 4))
        assert not any(v.wrong for v in verdicts(soft, pull, x, seeds=(seed,)))
        wrong = np.where(np.arange(3) == 1, 2.0, 1.0)[:, None]
        loose = np.random.default_rng(seed).normal(size=(3, 4)) * 0.02
        assert all(v.wrong for v in verdicts(soft, lambda i, u, w=wrong: (pull(i, u)[0] * w,), loose, seeds=(seed,)))
