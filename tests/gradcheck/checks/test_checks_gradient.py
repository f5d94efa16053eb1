"""What measuring a gradient promises: the resolution it tells, entries of large blocks, zeros, faint parts, cost."""

from dataclasses import replace

import numpy as np
import pytest

import gradcheck
import netcore
from gradcheck import Verdict, adapt

RNG = np.random.default_rng(111)
X = RNG.normal(size=(3, 5))


def dense(scale=1.0):
    layer = netcore.Dense(3, 5)
    params = {name: scale * value for name, value in layer.init(np.random.default_rng(1)).items()}
    return adapt.layer(layer, params, RNG.normal(size=(4, 3)), name="dense")


RIGHT = {
    "dense": dense,
    "small dense": lambda: dense(1e-4),
    "gelu": lambda: adapt.activation(netcore.GELU(), X),
    "mse": lambda: adapt.loss(netcore.MSE(), X, RNG.normal(size=(3, 5))),
    "layer norm": lambda: adapt.layer(
        netcore.LayerNorm(5), netcore.LayerNorm(5).init(np.random.default_rng(2)), X, name="norm"
    ),
    "exp + 1e6": lambda: adapt.vjp(lambda x: np.exp(x) + 1e6, lambda i, u: (u * np.exp(i[0]),), X, names=("x",)),
}


def measured(target, effort="thorough"):
    report = gradcheck.check(target, effort=effort)
    return report, [f for f in report.findings if f.check in ("gradient.direction", "gradient.entries")]


def spoiled(target, block, change):
    def linearize(*inputs):
        y, pullback = target.linearize(*inputs)
        return y, lambda u: {n: change(np.array(g)) if n == block else g for n, g in pullback(u).items()}

    return replace(target, linearize=linearize)


@pytest.mark.parametrize("name", RIGHT)
def test_an_error_of_ten_times_the_resolution_is_seen_and_one_of_a_thousandth_is_not(name):
    """ "agrees; would have seen r" holds: DISAGREES needs three times what is allowed, and both bars vary by two."""
    target = RIGHT[name]()
    report, findings = measured(target)
    assert report.verdict is Verdict.AGREES, str(report)
    for block in {f.wrt for f in findings}:
        told = max(f.resolution for f in findings if f.wrt == block)
        assert 0 < told < 1e-3
        larger = gradcheck.check(spoiled(target, block, lambda g, r=10 * told: g * (1 + r)), effort="thorough")
        assert {f.wrt for f in larger.failures} == {block}, f"{block} {told}: {larger}"
        least = min(f.resolution for f in findings if f.wrt == block)
        smaller = gradcheck.check(spoiled(target, block, lambda g, r=1e-3 * least: g * (1 + r)), effort="thorough")
        assert smaller.verdict is Verdict.AGREES, str(smaller)


@pytest.mark.parametrize("size", [2_000, 30_000])
@pytest.mark.parametrize("factor", [2.0, 1 + 1e-4])
def test_one_wrong_entry_of_a_large_block_is_named_for_less_than_an_evaluation_an_entry(size, factor):
    x = np.random.default_rng(size).normal(size=(size // 100, 100))
    place = (size // 300, 41)

    def pull(inputs, u):
        g = u * np.cos(inputs[0])
        g[place] *= factor
        return (g,)

    report = gradcheck.check(adapt.vjp(np.sin, pull, x, names=("x",), name="large"))
    [entries] = [f for f in report.failures if f.check == "gradient.entries"]
    assert entries.worst == place
    assert entries.wrong == 1
    assert sum(f.evaluations for f in report.findings) < 1500


# functions whose derivative is exactly 0, or rounding, and claims that are 0 up to the rounding of what they sum
NOTHING = {
    "weights that cancel": (lambda x: 0.1 * x + 0.2 * x - 0.3 * x, lambda x, u: u * (0.1 + 0.2 - 0.3)),
    "a sum of softmax": (
        lambda x: np.sum(np.exp(x) / np.exp(x).sum(axis=1, keepdims=True), axis=1),
        lambda x, u: softmax_pull(x, np.repeat(u[:, None], x.shape[1], axis=1)),
    ),
    "a mean of what is centred": (
        lambda x: np.mean(x - x.mean(axis=1, keepdims=True), axis=1),
        lambda x, u: (np.repeat(u[:, None], 5, 1) - np.repeat(u[:, None], 5, 1).mean(1, keepdims=True)) / 5,
    ),
    "sine and cosine squared": (
        lambda x: np.sin(x) ** 2 + np.cos(x) ** 2,
        lambda x, u: u * (2 * np.sin(x) * np.cos(x) - 2 * np.cos(x) * np.sin(x) * (1 + 1e-16)),
    ),
}


def softmax_pull(x, u):
    p = np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)
    return p * (u - (u * p).sum(axis=1, keepdims=True))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("name", NOTHING)
def test_a_gradient_that_is_nothing_but_rounding_is_never_called_wrong(name, seed):
    f, pull = NOTHING[name]
    target = adapt.vjp(f, lambda inputs, u: (pull(inputs[0], u),), X, names=("x",), name=name)
    assert gradcheck.check(target, seed=seed).verdict in (Verdict.AGREES, Verdict.INCONCLUSIVE)


@pytest.mark.parametrize("name", NOTHING)
def test_a_gradient_that_should_be_nothing_and_is_a_millionth_disagrees(name):
    f, pull = NOTHING[name]
    target = adapt.vjp(f, lambda i, u: (pull(i[0], u) + 1e-6 * u.mean(),), X, names=("x",), name=name)
    report = gradcheck.check(target)
    assert report.verdict is Verdict.DISAGREES or not np.any(np.abs(f(X)) > 1e-15)  # a value of rounding alone
    assert not report.ok


@pytest.mark.parametrize("scale", [1e-100, 1e-30, 1e-12, 1e12, 1e30, 1e100])
def test_the_unit_of_a_function_does_not_matter(scale):
    """There is no absolute floor: everything times 1e-30 is the same question, zeros for a gradient included."""
    for factor, verdict in ((1.0, Verdict.AGREES), (1 + 1e-5, Verdict.DISAGREES), (0.0, Verdict.DISAGREES)):
        target = adapt.vjp(
            lambda x: scale * np.sin(x),
            lambda i, u, factor=factor: (scale * factor * u * np.cos(i[0]),),
            X,
            names=("x",),
            name="scaled",
        )
        assert gradcheck.check(target).verdict is verdict, (scale, factor)


@pytest.mark.parametrize("scale", [1e-8, 1e8])
def test_the_unit_of_an_input_does_not_matter(scale):
    for factor, verdict in ((1.0, Verdict.AGREES), (1 + 1e-5, Verdict.DISAGREES)):
        target = adapt.vjp(
            lambda x: np.sin(x / scale),
            lambda i, u, factor=factor: (factor * u * np.cos(i[0] / scale) / scale,),
            scale * X,
            names=("x",),
            name="scaled",
        )
        assert gradcheck.check(target).verdict is verdict


def test_a_small_block_is_not_hidden_by_a_large_one():
    """dW is 1e9 times db, and db a millionth wrong."""
    W = 1.0 + RNG.random((3, 5))

    def f(W, b):
        return 1e9 * W**2 + np.sin(b)

    def pull(inputs, u):
        return 2e9 * u * inputs[0], u * np.cos(inputs[1]) * (1 + 1e-2)

    report = gradcheck.check(adapt.vjp(f, pull, W, RNG.normal(size=(3, 5)), name="unequal"))
    assert {f.wrt for f in report.failures} == {"b"}


def test_small_entries_are_not_hidden_by_large_ones_of_the_same_block():
    x = RNG.normal(size=40)
    weights = np.where(np.arange(40) < 20, 1.0, 1e-7)

    def pull(inputs, u):
        return (u * weights * np.cos(inputs[0]) * np.where(np.arange(40) < 20, 1.0, 1.5),)

    report = gradcheck.check(adapt.vjp(lambda x: weights * np.sin(x), pull, x, names=("x",), name="strata"))
    assert report.verdict is Verdict.DISAGREES


@pytest.mark.parametrize("effort", ["quick", "standard"])
def test_a_smooth_block_costs_few_evaluations(effort):
    """quick: one probe of twelve; standard: a full one, then two with known noise, each below a dozen."""
    _, findings = measured(adapt.vjp(np.sin, lambda i, u: (u * np.cos(i[0]),), X, names=("x",)), effort)
    [direction] = [f for f in findings if f.check == "gradient.direction"]
    assert direction.evaluations <= {"quick": 14, "standard": 36}[effort]


@pytest.mark.parametrize("seed", range(8))
def test_a_wrong_zero_pattern_is_found_at_every_seed(seed):
    """Two entries off by the same amount in opposite directions: one direction in seven hides them, three do not."""

    def pull(inputs, u):
        g = u * np.cos(inputs[0])
        g[0, 1] += 1e-3
        g[2, 3] -= 1e-3
        return (g,)

    report = gradcheck.check(adapt.vjp(np.sin, pull, X, names=("x",), name="pair"), seed=seed)
    assert report.verdict.wrong
