"""Layers of the protocol: what they may be given, what is refused, what a backward may not return."""

import numpy as np
import pytest

import gradcheck
import netcore
from gradcheck import InputError, Verdict, adapt

RNG = np.random.default_rng(53)
X = RNG.normal(size=(2, 3))
PARAMS = {"W": RNG.normal(size=(3, 5)), "b": RNG.normal(size=(1, 5))}


class Affine:
    def forward(self, params, x, *, rng=None):
        return x @ params["W"] + params["b"], x

    def backward(self, params, x, dy):
        return dy @ params["W"].T, {"W": x.T @ dy, "b": dy.sum(axis=0, keepdims=True)}


class Parameterless:
    def forward(self, params, x, *, rng=None):
        y = np.tanh(x)
        return y, y

    def backward(self, params, y, dy):
        return dy * (1 - y * y), {}


class Answers(Affine):
    """Affine whose backward returns what a function makes of (dx, grads)."""

    def __init__(self, change):
        self.change = change

    def backward(self, params, x, dy):
        return self.change(*super().backward(params, x, dy))


class BareForward(Affine):
    def forward(self, params, x, *, rng=None):
        return x @ params["W"] + params["b"]


class Total(Affine):
    """Returns a Python float."""

    def forward(self, params, x, *, rng=None):
        return float(np.sum(np.sin(x @ params["W"] + params["b"]))), x

    def backward(self, params, x, dy):
        return super().backward(params, x, dy * np.cos(x @ params["W"] + params["b"]))


REFUSED = [
    pytest.param(
        lambda: adapt.layer(Affine, PARAMS, X),
        r"Expected a layer with forward\(params, x\) and backward\(params, cache, dy\) but got layer=<class",
        id="a class",
    ),
    pytest.param(lambda: adapt.layer(np.sin, PARAMS, X), r"Expected a layer with forward", id="a function"),
    pytest.param(
        lambda: adapt.layer(Affine(), [1.0], X), r"Expected params to be a mapping of arrays but got list", id="a list"
    ),
    pytest.param(
        lambda: adapt.layer(Affine(), {**PARAMS, "b": np.full((1, 5), np.nan)}, X),
        r"Expected finite numbers in b but got 5 NaN or infinite of 5, the first at b\[0, 0\]",
        id="NaN in b",
    ),
    pytest.param(lambda: adapt.layer(Affine(), PARAMS, X[:0]), r"entry in x but got shape \(0, 3\)", id="no rows"),
    pytest.param(
        lambda: adapt.layer(Parameterless(), {}, np.arange(6).reshape(2, 3)),
        r"Expected at least one floating-point input but got x: int64",
        id="integers alone",
    ),
    pytest.param(
        lambda: adapt.layers([Affine()], [PARAMS, {}], X),
        r"Expected one mapping of parameters a layer but got 2 for 1 layers",
        id="more parameters than layers",
    ),
    pytest.param(lambda: adapt.layers([], [], X), r"Expected at least one layer but got none", id="no layers"),
    pytest.param(
        lambda: adapt.layers([Affine()], [PARAMS], X, loss=netcore.MSE()),
        r"Expected the truth y beside the loss but got y=None",
        id="a loss without truth",
    ),
    pytest.param(
        lambda: adapt.model(Affine(), X, X),
        r"Expected a model with layers, loss, forward and backward but Affine has no l",
        id="no model",
    ),
]


@pytest.mark.parametrize(("call", "sentence"), REFUSED)
def test_what_cannot_be_checked_is_refused_in_clear_words(call, sentence):
    with pytest.raises(InputError, match=sentence):
        call()


ANSWERS = [
    pytest.param(
        Answers(lambda dx, grads: (dx, {"W": grads["W"]})),
        r"backward returned no gradient for b; it returned x, W",
        id="b left out",
    ),
    pytest.param(
        Answers(lambda dx, grads: (dx, {**grads, "c": grads["b"]})),
        r"backward returned a gradient for 'c', which the forward does not take: x, W, b",
        id="c added",
    ),
    pytest.param(
        Answers(lambda dx, grads: dx),
        r"Expected Answers.backward to return \(dx, dparams\) but got ndarray",
        id="dx alone",
    ),
    pytest.param(
        Answers(lambda dx, grads: (dx, grads["W"], grads["b"])),
        r"Expected Answers.backward to return \(dx, dparams\) but got a tuple of ndarray, ndarray, ndarray",
        id="(dx, dW, db)",
    ),
    pytest.param(
        Answers(lambda dx, grads: (grads, dx)),
        r"Expected Answers.backward to return \(dx, dparams\) but got a tuple of dict, ndarray",
        id="(dparams, dx)",
    ),
    pytest.param(
        Answers(lambda dx, grads: (None, grads)), r"backward returned None for x, but the outputs", id="no dx"
    ),
    pytest.param(
        Answers(lambda dx, grads: (dx.T, grads)),
        r"gradient of x has shape \(3, 2\) where x has shape \(2, 3\): transposed\?",
        id="dx transposed",
    ),
    pytest.param(
        Answers(lambda dx, grads: (dx, {**grads, "b": grads["b"].ravel()})),
        r"gradient of b has shape \(5,\) where b has shape \(1, 5\): a reshape is missing",
        id="b flat",
    ),
    pytest.param(
        Answers(lambda dx, grads: (dx, {**grads, "b": np.repeat(grads["b"], 2, axis=0)})),
        r"gradient of b has shape \(2, 5\) where b has shape \(1, 5\): a sum over a broadcast axis is missing\?",
        id="b not summed",
    ),
    pytest.param(BareForward(), r"Expected BareForward.forward to return \(y, cache\) but got ndarray", id="no cache"),
]


@pytest.mark.parametrize(("layer", "sentence"), ANSWERS)
def test_a_backward_that_answers_in_another_form_is_malformed_and_told_so(layer, sentence):
    report = gradcheck.check(adapt.layer(layer, PARAMS, X))
    assert report.verdict is Verdict.MALFORMED
    with pytest.raises(gradcheck.GradientMismatch, match=sentence):
        gradcheck.assert_agrees(adapt.layer(layer, PARAMS, X))


def test_a_parameter_that_the_layer_wants_and_was_not_given_raises():
    report = gradcheck.check(adapt.layer(Affine(), {"W": PARAMS["W"]}, X))
    assert report.verdict is Verdict.RAISED
    assert "KeyError: 'b'" in str(report)
    assert "test_layer.py" in str(report)


@pytest.mark.parametrize("params", [{}, None], ids=["empty", "None"])
def test_a_layer_without_parameters_agrees(params):
    report = gradcheck.check(adapt.layer(Parameterless(), params, X))
    assert report.verdict is Verdict.AGREES
    assert {f.wrt for f in report.findings} == {"", "x"}


def test_a_forward_that_returns_a_python_float_agrees():
    assert gradcheck.check(adapt.layer(Total(), PARAMS, X)).verdict is Verdict.AGREES


def test_arrays_that_are_not_contiguous_agree():
    wide = RNG.normal(size=(4, 6))
    params = {"W": np.asfortranarray(PARAMS["W"]), "b": np.repeat(PARAMS["b"], 2, axis=1)[:, ::2]}
    assert gradcheck.check(adapt.layer(Affine(), params, wide[::2, ::2])).verdict is Verdict.AGREES


def test_ids_have_no_gradient_and_the_table_has():
    layer = netcore.Embedding(7, 3)
    target = adapt.layer(layer, layer.init(np.random.default_rng(1)), np.array([[0, 6, 2], [2, 2, 5]]))
    report = gradcheck.check(target)
    assert report.verdict is Verdict.AGREES
    assert {f.wrt for f in report.findings} == {"", "W"}


def test_a_gradient_for_ids_is_malformed():
    class Confused(netcore.Embedding):
        def backward(self, params, cache, dy):
            return np.ones((2, 3)), super().backward(params, cache, dy)[1]

    target = adapt.layer(Confused(7, 3), {"W": RNG.normal(size=(7, 3))}, np.array([[0, 6, 2], [2, 2, 5]]))
    [failure] = gradcheck.check(target).failures
    assert (failure.check, failure.wrt) == ("contract.none", "x")


def test_a_layer_of_two_inputs_has_a_gradient_for_each():
    target = adapt.layer(netcore.Add(), {}, (X, RNG.normal(size=(2, 3))))
    report = gradcheck.check(target)
    assert report.verdict is Verdict.AGREES
    assert {f.wrt for f in report.findings} == {"", "x.0", "x.1"}


def test_a_stochastic_layer_agrees_with_a_seed():
    assert gradcheck.check(adapt.layer(netcore.Dropout(0.5), {}, RNG.normal(size=(3, 5)), seed=7)).ok


def test_dropout_without_its_scale_disagrees():
    class Unscaled(netcore.Dropout):
        def backward(self, params, cache, dy):
            dx, grads = super().backward(params, cache, dy)
            return 0.5 * dx, grads

    report = gradcheck.check(adapt.layer(Unscaled(0.5), {}, RNG.normal(size=(3, 5)), seed=7))
    assert report.culprits == (("Unscaled", "x"),)


def test_layers_are_checked_at_the_inputs_that_they_receive():
    params = [PARAMS, {}, {"W": RNG.normal(size=(5, 2)), "b": RNG.normal(size=(1, 2))}]
    targets = adapt.layers([Affine(), Parameterless(), Affine()], params, X, loss=netcore.MSE(), y=X[:, :2])
    local = [t for t in targets if t.role == "local"]
    assert [t.layer for t in local] == ["0 Affine", "1 Parameterless", "2 Affine", "loss"]
    hidden = X @ PARAMS["W"] + PARAMS["b"]
    assert np.array_equal(local[1].point["x"], hidden)
    assert np.array_equal(local[2].point["x"], np.tanh(hidden))
    report = gradcheck.check(targets)
    assert report.verdict is Verdict.AGREES, str(report)


def test_parameters_are_left_as_they_were():
    before = {name: value.copy() for name, value in PARAMS.items()}
    x = X.copy()
    gradcheck.check(adapt.layer(Affine(), PARAMS, x))
    assert np.array_equal(x, X)
    assert all(np.array_equal(PARAMS[name], before[name]) for name in PARAMS)
