"""Calls that several checks share: made once, and made anew as soon as anything came in between."""

from dataclasses import replace

import numpy as np
import pytest

import gradcheck
from gradcheck import Verdict, adapt
from gradcheck.checks.precision import effective_spacing
from gradcheck.checks.trial import Trial
from gradcheck.checks.visits import groups_of
from gradcheck.report import Finding
from gradcheck.settings import Settings

X = np.random.default_rng(2).normal(size=(3, 5))


class Kept:
    """A layer that keeps what its backward needs on itself, as many do: right only for the last forward."""

    factor = 1.0

    def forward(self, params, x, *, rng=None):
        self.y = np.tanh(x @ params["W"])
        self.x = x.copy()
        return self.y, None

    def backward(self, params, _, dy):
        dz = self.factor * dy * (1 - self.y**2)
        return dz @ params["W"].T, {"W": self.x.T @ dz}


class Accumulates(Kept):
    """Adds to its gradient on every backward of one forward."""

    def forward(self, params, x, *, rng=None):
        self.dW = np.zeros_like(params["W"])
        return super().forward(params, x)

    def backward(self, params, cache, dy):
        dx, grads = super().backward(params, cache, dy)
        self.dW = self.dW + grads["W"]
        return dx, {"W": self.dW.copy()}


def of(layer):
    W = np.random.default_rng(3).normal(size=(5, 2))
    return adapt.layer(layer, {"W": W}, X, name=type(layer).__name__)


def told(layer, seed=0):
    return {(f.check, f.wrt) for f in gradcheck.check(of(layer), seed=seed).findings if f.verdict.wrong}


@pytest.mark.parametrize("seed", range(4))
def test_a_layer_that_keeps_its_cache_on_itself_is_right(seed):
    assert gradcheck.check(of(Kept()), seed=seed).verdict is Verdict.AGREES
    wrong = Kept()
    wrong.factor = 1.001
    assert told(wrong, seed) >= {("gradient.direction", "x"), ("gradient.direction", "W")}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("bends", [True, False])
def test_a_pullback_that_reads_what_the_last_forward_left_is_right(bends, seed):
    left = {}
    f, slope = (np.tanh, lambda z: 1 - np.tanh(z) ** 2) if bends else (np.positive, np.ones_like)

    def forward(x, W):
        left.update(x=x.copy(), W=W.copy())
        return f(x @ W)

    def vjp(_, u):
        dz = u * slope(left["x"] @ left["W"])
        return dz @ left["W"].T, left["x"].T @ dz

    W = np.random.default_rng(seed).normal(size=(5, 2))
    assert (
        gradcheck.check(adapt.vjp(forward, vjp, X, W, names=("x", "W"), name="f"), seed=seed).verdict is Verdict.AGREES
    )


def test_a_gradient_that_accumulates_is_not_repeatable_and_nothing_else():
    assert told(Accumulates()) == {("pullback.repeatable", "W")}


def counted():
    calls = []

    def forward(x):
        calls.append("forward")
        return np.sin(x)

    def vjp(inputs, u):
        calls.append("pullback")
        return (u * np.cos(inputs[0]),)

    return adapt.vjp(forward, vjp, X, names=("x",), name="sin"), calls


def test_a_pullback_is_asked_again_only_where_it_answers_alike_and_no_call_came_since():
    target, calls = counted()
    trial = Trial(target, Settings())
    assert trial.pullback() is not trial.pullback()  # nobody has seen yet that it answers twice alike
    trial.rereads = True
    kept = trial.pullback()
    calls.clear()
    assert trial.pullback() is kept
    assert calls == []
    for between in (
        lambda: trial.evaluator("x")(X),
        lambda: trial.linearize(),
        lambda: trial.answer_at([X], trial.cotangent(0)),
        trial.forget,
    ):
        kept = trial.pullback()
        between()
        assert trial.pullback() is not kept


def test_a_smooth_function_is_called_22_times_forward_and_6_times_back():
    target, calls = counted()
    assert gradcheck.check(target).verdict is Verdict.AGREES
    assert (calls.count("forward"), calls.count("pullback")) == (22, 6)


@pytest.mark.parametrize(
    ("f", "spacing", "evaluations"),
    [
        (np.sin, 2.0**-52, 1),
        (lambda x: np.sin(x).astype(np.float32).astype(np.float64), 2.0**-23, None),
        (lambda x: np.sin(x).astype(np.float16).astype(np.float64), 2.0**-10, None),
        (lambda x: np.sin(x.astype(np.float32).astype(np.float64)), 2.0**-23, None),
        (lambda x: np.append(np.sin(x), 0.5), 2.0**-52, None),  # one short output among long ones
    ],
    ids=["double", "outputs rounded", "outputs rounded to half", "input rounded", "a constant"],
)
def test_the_spacing_is_seen_in_one_evaluation_where_the_outputs_tell(f, spacing, evaluations):
    trial = Trial(adapt.vjp(f, lambda i, u: (u,), X, names=("x",), name="f"), Settings())
    start = trial.evaluations + bool(trial.y0.size)
    assert effective_spacing(trial) == spacing
    assert evaluations is None or trial.evaluations - start == evaluations


def test_a_finding_with_changes_is_what_replace_makes_of_it_and_no_new_field():
    finding = Finding("f", "f", "value.type", "", Verdict.AGREES, evaluations=3)
    assert finding.but(wrt="x", gap=0.5) == replace(finding, wrt="x", gap=0.5)
    assert (finding.wrt, finding.gap) == ("", None)
    with pytest.raises(TypeError, match="no gpa"):
        finding.but(gpa=0.5)


def findings(pull):
    report = gradcheck.check(adapt.vjp(np.sin, pull, X, names=("x",), name="sine"))
    return {f.check: f for f in report.findings if f.verdict.wrong}


def test_a_backward_that_does_not_repeat_is_not_said_to_read_its_memory_in_the_wrong_order():
    noise = np.random.default_rng(7)
    random = findings(lambda i, u: (u * np.cos(i[0]) * (noise.random(u.shape) > 0.2) / 0.8,))
    assert "pullback.repeatable" in random
    assert "contract.layout" not in random
    misread = findings(lambda i, u: (np.cos(i[0]) * u.ravel(order="K").reshape(u.shape),))
    assert set(misread) == {"contract.layout"}


def test_a_gradient_that_divides_by_its_cotangent_is_said_not_to_be_finite():
    def divides(i, u):
        with np.errstate(all="ignore"):
            return (np.cos(i[0]) * u * u / u,)

    message = findings(divides)["pullback.zero"].message
    assert "not zero but not finite: is something divided by the cotangent?" in message
    constant = findings(lambda i, u: (np.cos(i[0]) * u + 0.5,))["pullback.zero"].message
    assert "not zero but up to 0.5: a term does not pass through the cotangent" in constant


@pytest.mark.parametrize("decimals", [4, 6])
def test_a_backward_that_rounds_its_cotangent_is_not_verified(decimals):
    """The first cotangent has four decimals; the second has all, and shows it."""
    target = adapt.vjp(np.sin, lambda i, u: (np.round(u, decimals) * np.cos(i[0]),), X, names=("x",), name="sin")
    assert gradcheck.check(target).exit_code != 0


@pytest.mark.parametrize(("role", "groups"), [("local", [["x"]]), ("end_to_end", []), ("boundary", [])])
def test_no_other_point_is_visited_of_a_model_which_brings_its_own_wiring(role, groups):
    target, _ = counted()
    assert groups_of(Trial(replace(target, role=role), Settings())) == groups
