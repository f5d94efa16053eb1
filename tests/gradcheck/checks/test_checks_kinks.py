"""At a kink and beside it: a valid subgradient is KINK or AGREES, what lies outside the slopes DISAGREES.

Points lie exactly on a kink, and as far from it as a step can hardly resolve: 1e-7, 1e-9 and 1e-12 of ordinary numbers.
"""

import numpy as np
import pytest

import gradcheck
import netcore
from gradcheck import Verdict, adapt

VALID = (Verdict.KINK, Verdict.AGREES)
OFFSETS = (0.0, 1e-12, -1e-12, 1e-9, -1e-9, 1e-7, -1e-7)
OTHERS = np.array([0.83, -1.37, 2.1, -0.41])


class Piecewise:
    """An elementwise function with one kink, and a claim for it: slope `at` where x lies within 1e-6 of the kink."""

    def __init__(self, f, slopes, kink, at):
        self.f, self.slopes, self.kink, self.at = f, slopes, kink, at

    def __call__(self, x):
        return self.f(x)

    def grad(self, x):
        left, right = self.slopes
        beside = np.where(x > self.kink, right(x), left(x))
        return np.where(np.abs(x - self.kink) < 1e-6, self.at, beside)


def one(x):
    return np.ones_like(x)


def zero(x):
    return np.zeros_like(x)


CASES = {
    # name: f, (slope left, slope right), kink
    "relu": (lambda x: np.maximum(x, 0), (zero, one), 0.0),
    "abs": (np.abs, (lambda x: -one(x), one), 0.0),
    "max(x, 0.5)": (lambda x: np.maximum(x, 0.5), (zero, one), 0.5),
    "clip at 1": (lambda x: np.clip(x, -3, 1), (one, zero), 1.0),
    "hinge": (lambda x: np.maximum(0, 1 - x), (lambda x: -one(x), zero), 1.0),
    "leaky": (lambda x: np.where(x > 0, x, 0.1 * x), (lambda x: 0.1 * one(x), one), 0.0),
    "bent": (lambda x: np.where(x > 0, np.sinh(x), 3 * x), (lambda x: 3 * one(x), np.cosh), 0.0),
}
SLOPES = {"relu": (0, 1), "abs": (-1, 1), "max(x, 0.5)": (0, 1), "clip at 1": (1, 0), "hinge": (-1, 0)}
SLOPES |= {"leaky": (0.1, 1), "bent": (3, 1)}  # left and right of the kink


def target(name, offset, at):
    f, slopes, kink = CASES[name]
    x = np.concatenate([[kink + offset], OTHERS + kink])
    # a plain function of an array: an activation would be looked at elsewhere too
    act = Piecewise(f, slopes, kink, at)
    return adapt.vjp(act, lambda i, u: (u * act.grad(i[0]),), x, names=("x",), name=f"{name} {offset} {at}")


@pytest.mark.parametrize("share", [0.0, 0.3, 0.5, 1.0])
@pytest.mark.parametrize("name", CASES)
def test_any_valid_subgradient_is_accepted_on_a_kink(name, share):
    low, high = sorted(SLOPES[name])
    report = gradcheck.check(target(name, 0.0, low + share * (high - low)))
    assert report.verdict in VALID, str(report)
    assert report.ok


@pytest.mark.parametrize("offset", OFFSETS[1:])
@pytest.mark.parametrize("name", CASES)
def test_the_slope_of_the_own_side_is_accepted_beside_a_kink(name, offset):
    left, right = SLOPES[name]
    report = gradcheck.check(target(name, offset, right if offset > 0 else left))
    assert report.verdict in VALID, str(report)
    assert report.ok


@pytest.mark.parametrize(("offset", "excess"), [(0.0, -0.5), (0.0, 1e-3), (1e-12, 0.5), (-1e-9, 1e-3), (1e-7, -1e-3)])
@pytest.mark.parametrize("name", CASES)
def test_a_value_outside_both_slopes_disagrees(name, offset, excess):
    low, high = sorted(SLOPES[name])
    report = gradcheck.check(target(name, offset, (high if excess > 0 else low) + excess))
    assert report.verdict is Verdict.DISAGREES, str(report)


@pytest.mark.parametrize("name", CASES)
def test_exactly_on_the_kink_one_entry_is_told_to_lie_there(name):
    low, high = SLOPES[name]
    report = gradcheck.check(target(name, 0.0, (low + high) / 2))
    [found] = [f for f in report.findings if f.check == "gradient.entries"]
    assert (found.verdict, found.worst, found.wrong) == (Verdict.KINK, (0,), 0)
    assert "is a valid subgradient at a kink" in found.message
    assert "x[0]" in found.message


@pytest.mark.parametrize("name", CASES)
def test_far_from_the_kink_the_slope_of_the_other_side_disagrees(name):
    f, (left, right), kink = CASES[name]
    turned = Piecewise(f, (right, left), kink, 0.0)
    x = OTHERS + kink
    report = gradcheck.check(adapt.vjp(f, lambda i, u: (u * turned.grad(i[0]),), x, names=("x",), name=name))
    assert report.verdict is Verdict.DISAGREES


def largest(share):
    """Maximum along rows; tied entries share the gradient, or each gets all of it."""

    def pull(inputs, u):
        x = inputs[0]
        tied = x == x.max(axis=1, keepdims=True)
        return (u[:, None] * tied / (tied.sum(axis=1, keepdims=True) if share else 1),)

    x = np.array([[1.0, 3.0, 3.0], [-0.5, 0.25, -2.0]])
    return adapt.vjp(lambda x: x.max(axis=1), pull, x, names=("x",), name=f"largest {share}")


def test_a_tie_that_shares_its_gradient_is_a_subgradient():
    report = gradcheck.check(largest(share=True))
    assert report.verdict is Verdict.KINK, str(report)


def test_a_tie_counted_twice_is_no_subgradient():
    report = gradcheck.check(largest(share=False))
    assert report.verdict is Verdict.DISAGREES
    assert "tie" in str(report)


@pytest.mark.parametrize("value", [0.0, 1.0, 0.5])
def test_a_network_with_units_at_zero_has_no_culprit(value):
    """Biases that are zero and rows of zeros put relu exactly on its kink, as a fresh network's first batch may."""

    class AtZero(netcore.ReLU):
        def grad(self, x):
            return np.where(x == 0, value, (x > 0) * 1.0)

    rng = np.random.default_rng(61)
    layers = [netcore.Dense(3, 5), AtZero(), netcore.Dense(5, 2)]
    params = [layer.init(rng) for layer in layers]
    params[0]["b"] = np.zeros((1, 5))
    x = rng.normal(size=(7, 3))
    x[2] = 0.0
    report = gradcheck.check([t for t in adapt.layers(layers, params, x) if t.role == "local"])
    assert report.culprits == ()
    assert report.verdict is Verdict.KINK


@pytest.mark.parametrize("value", [-0.2, 1.3, 2.0])
def test_a_relu_that_claims_more_than_a_subgradient_at_zero_is_the_culprit(value):
    class AtZero(netcore.ReLU):
        def grad(self, x):
            return np.where(x == 0, value, (x > 0) * 1.0)

    x = np.random.default_rng(62).normal(size=(7, 3))
    x[2, 1] = 0.0
    report = gradcheck.check(adapt.activation(AtZero(), x))
    assert report.verdict is Verdict.DISAGREES
    assert report.culprits == (("AtZero", "x"),)


@pytest.mark.parametrize("loss", [netcore.MAE(), netcore.Hinge(), netcore.Quantile(q=0.9)], ids=str)
@pytest.mark.parametrize("offset", OFFSETS[::2])
def test_a_loss_on_its_kink_is_verified(loss, offset):
    rng = np.random.default_rng(63)
    y = np.where(rng.random((5, 3)) < 0.5, -1.0, 1.0)
    y_hat = y + rng.normal(size=(5, 3)) if not isinstance(loss, netcore.Hinge) else rng.normal(size=(5, 3))
    y_hat[1, 2] = y[1, 2] + offset  # the hinge's kink is at y ŷ = 1, the others' at ŷ = y
    report = gradcheck.check(adapt.loss(loss, y, y_hat))
    assert report.verdict in VALID, str(report)


@pytest.mark.parametrize(
    ("below", "verdicts_"), [(1e-12, {Verdict.KINK}), (1e-6, {Verdict.DISAGREES}), (1e-3, {Verdict.DISAGREES})]
)
def test_a_slope_between_two_that_meet_some_way_off_is_wrong(below, verdicts_):
    """A mask with a tolerance: x > −ε lets a slope of one through where the kink is a millionth away."""
    found = set()
    for seed in range(5):
        x = np.r_[np.random.default_rng(seed).normal(size=12), -below]
        target = adapt.vjp(
            lambda x: np.maximum(x, 0), lambda i, u, b=below: (u * (i[0] > -10 * b),), x, names=("x",), name="relu"
        )
        found.add(gradcheck.check(target, seed=seed).verdict)
    assert found == verdicts_


@pytest.mark.parametrize("place", [3, 9])
def test_a_tiny_entry_beside_large_ones_is_looked_at_by_itself(place):
    """Along a direction in each entry's own size it weighs nothing."""
    x = np.array([7000.0, 1.0, 30.0, -1e-3, -40.0, 0.5, 3.0, 2.0, 5.0, -1e-3])
    lets_through = np.where(np.arange(10) == place, 1.0, x > 0)
    wrong = adapt.vjp(lambda x: np.maximum(x, 0), lambda i, u: (u * lets_through,), x, names=("x",), name="relu")
    right = adapt.vjp(lambda x: np.maximum(x, 0), lambda i, u: (u * (i[0] > 0),), x, names=("x",), name="relu")
    assert all(gradcheck.check(wrong, seed=seed).verdict is Verdict.DISAGREES for seed in range(4))
    assert all(gradcheck.check(right, seed=seed).verdict in (Verdict.AGREES, Verdict.KINK) for seed in range(4))
