"""Hypothesis strategies draw what they promise, and find what only some points show."""

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import given as hypothesis_given
from hypothesis import strategies as st

import gradcheck
from gradcheck import adapt, strategies
from gradcheck.compare import Verdict
from gradcheck.errors import GradientMismatch, InputError
from gradcheck.report import Finding, Report
from gradcheck.session import Recorder

X = np.array([[0.3, -1.2, 2.0], [0.7, 0.1, -0.4]])
SMALL = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def vjp(backward, x=X, forward=np.sin):
    return adapt.vjp(forward, lambda inputs, u: (backward(inputs[0], u),), x, names=("x",), name="f")


@hypothesis_given(st.data())
@SMALL
def test_arrays_are_short_decimals_without_zeros_or_ties(data):
    shape = data.draw(strategies.shapes(2))
    x = data.draw(strategies.arrays(shape))
    assert x.shape == shape
    assert np.all(x != 0)
    assert len(np.unique(np.abs(x))) == x.size
    assert np.all(np.abs(x) <= 3)
    np.testing.assert_array_equal(x, np.round(x, 2))


@pytest.mark.parametrize("width", [16, 32, 64])
def test_width_is_the_dtype(width):
    @hypothesis_given(strategies.arrays((2, 3), width=width))
    @SMALL
    def check(x):
        assert x.dtype == np.dtype(f"f{width // 8}")

    check()


@hypothesis_given(strategies.shapes(3), strategies.shapes(2, last=4))
@SMALL
def test_no_two_axes_of_a_shape_are_equal_and_none_is_one(shape, ending):
    assert len(set(shape)) == 3
    assert min(shape) > 1
    assert len(set(ending)) == 2
    assert ending[-1] == 4


@pytest.mark.parametrize(
    ("x", "low", "high"),
    [(np.array([0.2, 0.7]), 0.05, 0.95), (np.array([0.2, 7.0]), 0.7, 14.0), (np.array([-0.2, 7.0]), -14.0, 14.0)],
)
def test_points_stay_in_the_domain_that_the_target_spans(x, low, high):
    @hypothesis_given(strategies.points(vjp(lambda x, u: u * np.cos(x), x)))
    @SMALL
    def check(target):
        assert np.all((target.point["x"] >= low) & (target.point["x"] <= high))
        assert target.name == "f"

    check()


def test_constants_and_integers_stay_as_they_are():
    class Pick:
        def __call__(self, y, y_hat):
            return float(np.sum(y_hat * y))

        def grad(self, y, y_hat):
            return y * np.ones_like(y_hat)

    labels = np.array([1, 0, 2])

    @hypothesis_given(strategies.points(adapt.loss(Pick(), labels, np.array([0.3, 0.2, 0.9]))))
    @SMALL
    def check(target):
        np.testing.assert_array_equal(target.point["y"], labels)

    check()


@hypothesis_given(strategies.cotangents(adapt.vjp(lambda x: {"a": x, "b": (x.sum(), 3)}, lambda i, u: (i[0],), X)))
@SMALL
def test_cotangents_have_the_structure_of_the_outputs(u):
    assert set(u) == {"a", "b"}
    assert u["a"].shape == X.shape
    assert np.ndim(u["b"][0]) == 0
    assert np.all(np.abs(u["a"]) <= 1.5)


def test_given_finds_a_fault_that_the_targets_own_point_hides():
    def clipped(x, u):  # right only where |x| < 1.5
        return u * np.cos(np.clip(x, -1.5, 1.5))

    hidden = vjp(clipped, X / 2)
    assert gradcheck.check(hidden).ok

    @gradcheck.given(vjp(clipped))
    def test(target):
        gradcheck.assert_agrees(target, effort="quick")

    with pytest.raises(GradientMismatch):
        test()


def mismatch(wrt, verdict, pattern):
    finding = Finding("f", "f", "gradient.entries", wrt, verdict, pattern=pattern)
    return GradientMismatch(f"{wrt} {verdict} {pattern}", Report((finding,)), finding)


@pytest.mark.parametrize("other", [("x", Verdict.INCONCLUSIVE, None), ("W", Verdict.DISAGREES, "mask")])
@pytest.mark.parametrize("start", range(2))
def test_shrinking_never_slides_from_a_fault_to_another_or_to_an_open_question(start, other):
    """The simplest points show the other fault, so that shrinking without regard to which it is would end there."""

    @seed(start)
    @gradcheck.given(vjp(lambda x, u: u * np.cos(x), np.array([-1.2, 2.0])), examples=60)
    def test(target):
        x = target.point["x"]
        if np.max(x) > 3:
            raise mismatch("x", Verdict.DISAGREES, "factor")
        if np.max(x) < 2:
            raise mismatch(*other)

    with pytest.raises((GradientMismatch, ExceptionGroup)) as caught:
        test()
    found = getattr(caught.value, "exceptions", (caught.value,))
    told = {str(error): error for error in found}
    assert "x DISAGREES factor" in told
    assert len(told) == len(found) == 2  # each by itself, neither in place of the other
    assert all(isinstance(error, GradientMismatch) and type(error).__name__ == "GradientMismatch" for error in found)
    assert told["x DISAGREES factor"].report.findings


def test_in_ci_the_points_are_the_same_in_every_run(monkeypatch):
    def points():
        seen = []

        @gradcheck.given(vjp(lambda x, u: u * np.cos(x)), examples=5)
        def test(target):
            seen.append(target.point["x"].tolist())

        test()
        return seen

    monkeypatch.setenv("CI", "true")
    assert points() == points()


def test_given_passes_what_is_right_everywhere():
    @gradcheck.given(vjp(lambda x, u: u * np.cos(x)), examples=5)
    def test(target):
        gradcheck.assert_agrees(target, effort="quick")

    test()


class Affine:
    def __init__(self, n_in, n_out, factor=1.0):
        self.n_in, self.n_out, self.factor = n_in, n_out, factor

    def init(self, rng):
        return {"W": rng.normal(size=(self.n_in, self.n_out))}

    def forward(self, params, x, *, rng=None):
        return x @ params["W"], x

    def backward(self, params, cache, dy):
        return dy @ params["W"].T, {"W": self.factor * cache.T @ dy}


class Tanh:
    def init(self, rng):
        return {}

    def forward(self, params, x, *, rng=None):
        return np.tanh(x), x

    def backward(self, params, cache, dy):
        return dy * (1 - np.tanh(cache) ** 2), {}


def tanh(n_in, n_out):
    return Tanh() if n_in == n_out else None


@hypothesis_given(strategies.chains([Affine, tanh], max_layers=3))
@settings(max_examples=8, deadline=None)
def test_chains_are_whole_models_that_verify_layer_by_layer(targets):
    assert gradcheck.check(targets, effort="quick").ok
    assert targets[-1].role == "end_to_end"


def test_a_chain_with_a_faulty_layer_is_found():
    @hypothesis_given(strategies.chains([lambda n_in, n_out: Affine(n_in, n_out, 0.5), tanh]))
    @settings(max_examples=10, deadline=None, database=None, phases=[Phase.generate])  # shrinking takes a minute
    def test(targets):
        gradcheck.assert_agrees(targets, effort="quick")

    with pytest.raises(GradientMismatch, match="Affine: W DISAGREES"):
        test()


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: strategies.arrays((2,), width=8), "Expected width to be 16, 32 or 64 but got width=8"),
        (lambda: strategies.short_decimals(0.001, 0.002), "Expected a decimal of 2 digits between low and high"),
        (lambda: strategies.shapes(5), "Expected at least 5 different sizes for ndim=5"),
    ],
)
def test_arguments_that_cannot_be_meant_are_refused(call, said):
    with pytest.raises(InputError, match=said):
        call()


def test_of_a_tests_examples_the_worst_is_kept_and_the_latest_of_those():
    def report(verdict, message):
        return Report((Finding("f", "f", "gradient.entries", "x", verdict, message),))

    recorder = Recorder()
    for verdict, message in [
        (Verdict.AGREES, "a"), (Verdict.DISAGREES, "b"), (Verdict.KINK, "c"), (Verdict.DISAGREES, "d"),
    ]:  # fmt: skip
        start = len(recorder.reports)
        recorder.reports.append(report(verdict, message))
        recorder.keep_worst(start)
    assert [r.findings[0].message for r in recorder.reports] == ["d"]
