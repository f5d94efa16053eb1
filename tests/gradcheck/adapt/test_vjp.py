"""What functions with a pullback may be given, what is refused, and in which words."""

import numpy as np
import pytest

import gradcheck
from gradcheck import InputError, Verdict, adapt

RNG = np.random.default_rng(51)
X, W = RNG.normal(size=(2, 3)), RNG.normal(size=(3, 5))


def sine(x):
    return np.sin(x)


def cosine(inputs, u):
    return (u * np.cos(inputs[0]),)


def product(x, W):
    return x @ W


def pulled(inputs, u):
    x, W = inputs
    return u @ W.T, x.T @ u


FLOATS = "Expected at least one floating-point input but got x: {}; pass the input as floats"
REFUSED = [
    pytest.param(lambda: adapt.vjp(sine, cosine), "Expected at least one input but got none", id="no input"),
    pytest.param(lambda: adapt.vjp(sine, cosine, np.arange(3)), FLOATS.format("int64"), id="integers"),
    pytest.param(lambda: adapt.vjp(sine, cosine, 3), FLOATS.format("int"), id="a Python integer"),
    pytest.param(lambda: adapt.vjp(sine, cosine, np.array([True, False])), FLOATS.format("bool"), id="booleans"),
    pytest.param(lambda: adapt.vjp(sine, cosine, "text"), FLOATS.format("str"), id="text"),
    pytest.param(lambda: adapt.vjp(sine, cosine, None), FLOATS.format("NoneType"), id="None"),
    pytest.param(
        lambda: adapt.vjp(sine, cosine, np.array([1.0, None])),
        r"Expected numbers for x but got an array of dtype=object; convert it to float64 first",
        id="objects",
    ),
    pytest.param(
        lambda: adapt.vjp(sine, cosine, np.zeros((0, 3))),
        r"Expected at least one entry in x but got shape \(0, 3\): nothing can be measured there",
        id="empty",
    ),
    pytest.param(
        lambda: adapt.vjp(sine, cosine, np.array([[1.0, 2.0, 3.0], [0.5, np.nan, np.nan]])),
        r"Expected finite numbers in x but got 2 NaN or infinite of 6, the first at x\[1, 1\]",
        id="NaN",
    ),
    pytest.param(
        lambda: adapt.vjp(sine, cosine, np.array([-np.inf, 1.0])),
        r"Expected finite numbers in x but got 1 NaN or infinite of 2, the first at x\[0\]",
        id="infinity",
    ),
    pytest.param(
        lambda: adapt.vjp(product, pulled, X, np.full((3, 5), np.nan)),
        r"Expected finite numbers in W but got 15 NaN or infinite of 15, the first at W\[0, 0\]",
        id="NaN in a weight",
    ),
    pytest.param(
        lambda: adapt.vjp(sine, cosine, X, names=("x", "W")),
        r"Expected one name an input but got 2 names for 1 inputs: \('x', 'W'\)",
        id="too many names",
    ),
    pytest.param(
        lambda: adapt.vjp(product, pulled, [X, W], names=("x", "W")),
        r"2 names for 1 inputs: \('x', 'W'\); a list is one input of several parts, a tuple holds several inputs",
        id="a list where several inputs are meant",
    ),
    pytest.param(
        lambda: adapt.vjp(product, pulled, X, W, names=("x",)),
        r"Expected one name an input but got 1 names for 2 inputs: \('x',\)",
        id="too few names",
    ),
    pytest.param(
        lambda: adapt.vjp(product, pulled, X, W, names=("x", "x")),
        r"Expected distinct names of inputs but got \('x', 'x'\)",
        id="one name twice",
    ),
    pytest.param(
        lambda: adapt.gradient(lambda x: float(x @ x), lambda x: 2 * x, np.arange(3)),
        r"Expected floating-point numbers for x but got dtype=int64: steps cannot be taken in it; pass x.astype",
        id="gradient at integers",
    ),
    pytest.param(
        lambda: adapt.closure(lambda x: (x, lambda u: (u,)), np.zeros((3, 0))),
        r"Expected at least one entry in x but got shape \(3, 0\)",
        id="an empty closure",
    ),
    pytest.param(
        lambda: adapt.hessian(lambda x: float(x @ x), lambda x: np.eye(3), X[0]),
        r"Expected the gradient as the first function, x -> array of shape \(3,\), but it returned shape \(\)",
        id="a Hessian of a number",
    ),
    pytest.param(
        lambda: adapt.jvp(np.sin, lambda inputs, t: t[0], np.ones((30, 30))),
        "Expected at most 512 entries in the inputs of a jvp but got 900",
        id="a wide jvp",
    ),
]


@pytest.mark.parametrize(("call", "sentence"), REFUSED)
def test_what_cannot_be_checked_is_refused_in_clear_words(call, sentence):
    with pytest.raises(InputError, match=sentence):
        call()


ANSWERS = [
    pytest.param(
        lambda: adapt.vjp(sine, lambda inputs: inputs, X),
        Verdict.RAISED,
        r"TypeError: .* takes 1 positional argument but 2 were given",
        id="a vjp of one argument",
    ),
    pytest.param(
        lambda: adapt.vjp(lambda x, y: x * y, lambda i, u: (u,), X),
        Verdict.RAISED,
        "TypeError: .* missing 1 required positional argument: 'y'",
        id="a forward of two arguments",
    ),
    pytest.param(
        lambda: adapt.vjp(sine, lambda i, u: u / 0 if not u.size else 1 // 0, X),
        Verdict.RAISED,
        r"ZeroDivisionError: .*test_vjp\.py:\d+\)",
        id="a vjp that raises",
    ),
    pytest.param(
        lambda: adapt.vjp(product, lambda i, u: pulled(i, u)[0], X, W),
        Verdict.MALFORMED,
        "Expected vjp to return a tuple of 2 gradients but got ndarray",
        id="a bare gradient of two",
    ),
    pytest.param(
        lambda: adapt.vjp(product, lambda i, u: (*pulled(i, u), u), X, W),
        Verdict.MALFORMED,
        "Expected vjp to return one gradient an input, 2, but got 3",
        id="three gradients of two",
    ),
    pytest.param(
        lambda: adapt.vjp(product, lambda i, u: {"x": pulled(i, u)[0]}, X, W),
        Verdict.MALFORMED,
        "vjp returned no gradient for W",
        id="a mapping without W",
    ),
    pytest.param(
        lambda: adapt.closure(np.sin, X),
        Verdict.MALFORMED,
        r"Expected sin to return \(outputs, pullback\) but got ndarray",
        id="a closure that is none",
    ),
    pytest.param(
        lambda: adapt.jacobian(np.sin, np.cos, X[0]),
        Verdict.MALFORMED,
        r"Expected the Jacobian for x to have shape \(3, 3\), outputs first, but got \(3,\)",
        id="a diagonal for a Jacobian",
    ),
]


@pytest.mark.parametrize(("call", "verdict", "sentence"), ANSWERS)
def test_a_backward_that_cannot_be_read_is_told_in_clear_words(call, verdict, sentence):
    report = gradcheck.check(call())
    assert report.verdict is verdict
    [worst] = report.failures
    with pytest.raises(gradcheck.GradientMismatch, match=sentence) as error:
        gradcheck.assert_agrees(call())
    assert error.value.finding.id == worst.id


def broadcast():
    return np.broadcast_to(np.array([0.3, -0.7, 1.1]), (2, 3))


ACCEPTED = [
    pytest.param(lambda: adapt.vjp(sine, cosine, np.float64(0.5)), id="a numpy scalar"),
    pytest.param(lambda: adapt.vjp(sine, cosine, 0.5), id="a Python float"),
    pytest.param(lambda: adapt.vjp(sine, cosine, np.array(0.5)), id="an array without axes"),
    pytest.param(lambda: adapt.vjp(sine, cosine, [0.5, -1.5, 2.0]), id="a list"),
    pytest.param(lambda: adapt.vjp(sine, cosine, W[::2, ::-1]), id="a view with strides"),
    pytest.param(lambda: adapt.vjp(sine, cosine, np.asfortranarray(W)), id="column order"),
    pytest.param(lambda: adapt.vjp(sine, cosine, broadcast()), id="a broadcast view"),
    pytest.param(lambda: adapt.vjp(np.transpose, lambda i, u: (u.T,), X), id="outputs that are a view of the input"),
    pytest.param(
        lambda: adapt.vjp(lambda x: float(x @ x), lambda i, u: (2 * u * i[0],), X[0]), id="a Python float out"
    ),
    pytest.param(lambda: adapt.vjp(np.sin, lambda i, u: u * np.cos(i[0]), X), id="a bare gradient of one"),
    pytest.param(lambda: adapt.vjp(np.sin, lambda i, u: [u * np.cos(i[0])], X), id="a list of gradients"),
    pytest.param(lambda: adapt.vjp(sine, cosine, X.astype(np.float32)), id="float32"),
    pytest.param(
        lambda: adapt.vjp(lambda ids, t: t[ids], lambda i, u: (None, add_at(i, u)), np.array([[0, 2], [2, 1]]), W),
        id="integers beside floats",
    ),
    pytest.param(
        lambda: adapt.vjp(
            lambda params: {"y": params["W"] * params["b"][0]},
            lambda i, u: ({"W": u["y"] * i[0]["b"][0], "b": np.array([np.sum(u["y"] * i[0]["W"])])},),
            {"W": W, "b": np.array([0.7])},
        ),
        id="nests in and out",
    ),
    pytest.param(
        lambda: adapt.vjp(lambda x: (np.sin(x), x**2), lambda i, u: (u[0] * np.cos(i[0]) + 2 * u[1] * i[0],), X),
        id="two outputs",
    ),
    pytest.param(
        lambda: adapt.vjp(lambda z: z * z, lambda i, u: (u * 2 * i[0].conj(),), X + 1j * X[::-1]), id="complex"
    ),
]


def add_at(inputs, u):
    ids, table = inputs
    found = np.zeros_like(table)
    np.add.at(found, ids, u)
    return found


@pytest.mark.parametrize("call", ACCEPTED)
def test_what_can_be_checked_agrees_in_every_form(call):
    report = gradcheck.check(call())
    assert report.verdict is Verdict.AGREES, str(report)


@pytest.mark.parametrize("call", ACCEPTED)
def test_in_every_form_a_factor_of_a_thousandth_disagrees(call):
    from dataclasses import replace

    target = call()

    def linearize(*inputs):
        y, pullback = target.linearize(*inputs)
        return y, lambda u: {name: None if g is None else g * 1.001 for name, g in pullback(u).items()}

    wrong = replace(target, linearize=linearize)
    if target.point.values[0].__class__ is np.ndarray and target.point.values[0].dtype == np.float32:
        wrong = replace(target, linearize=lambda *a: scaled32(target, a))
    assert gradcheck.check(wrong).verdict is Verdict.DISAGREES


def scaled32(target, inputs):
    y, pullback = target.linearize(*inputs)
    return y, lambda u: {name: g * np.float32(1.001) for name, g in pullback(u).items()}


def test_none_for_a_float_input_is_not_zero():
    """None says "not differentiable": it is malformed where the outputs move, and zero would be a disagreement."""
    answer = {None: Verdict.MALFORMED, 0.0: Verdict.DISAGREES}
    for value, verdict in answer.items():
        target = adapt.vjp(product, lambda i, u, v=value: (pulled(i, u)[0], None if v is None else 0 * i[1]), X, W)
        assert gradcheck.check(target).verdict is verdict


def test_wrt_leaves_the_other_inputs_out():
    target = adapt.vjp(product, lambda i, u: (pulled(i, u)[0], None), X, W, wrt=("x",))
    report = gradcheck.check(target)
    assert report.ok
    assert {f.wrt for f in report.findings} == {"x", ""}


@pytest.mark.parametrize("precision", ["float16"])
def test_half_precision_agrees(precision):
    assert gradcheck.check(adapt.vjp(sine, cosine, X.astype(precision))).ok


def test_extended_precision_agrees():
    assert gradcheck.check(adapt.vjp(sine, cosine, X.astype(np.longdouble))).ok


def test_another_byte_order_agrees():
    assert gradcheck.check(adapt.vjp(sine, cosine, X.astype(">f8"))).ok


@pytest.mark.parametrize("value", [np.ma.array(X, mask=X > 1)], ids=["masked"])
def test_a_subclass_of_arrays_is_refused(value):
    with pytest.raises(InputError, match="Expected a plain array for x"):
        adapt.vjp(sine, cosine, value)


def test_a_gradient_of_an_array_is_refused():
    with pytest.raises(InputError, match=r"Expected sine to return one number but got shape \(2, 3\)"):
        adapt.gradient(sine, np.cos, X)


def affine(x, w, b):
    return np.tanh(x @ w + b)


def affine_vjp(inputs, u):
    x, w, b = inputs
    z = u * (1 - np.tanh(x @ w + b) ** 2)
    return z @ w.T, x.T @ z, None if isinstance(b, int) else z.sum()


def test_a_gradient_of_an_integer_is_malformed_also_where_it_is_pythons():
    def claims(inputs, u):
        return *affine_vjp(inputs, u)[:2], 2.0 * u.sum()

    report = gradcheck.check(adapt.vjp(affine, claims, X, W, 0))
    (finding,) = (f for f in report.findings if f.wrt == "b")
    assert (finding.check, finding.verdict) == ("contract.none", Verdict.MALFORMED)
    assert "holds the int 0" in finding.message
    assert gradcheck.check(adapt.vjp(affine, affine_vjp, X, W, 0)).ok
    assert gradcheck.check(adapt.vjp(affine, affine_vjp, X, W, 0.0)).ok


def test_an_axis_with_no_gradient_or_zero_is_a_constant():
    for none in (None, 0, 0.0):
        target = adapt.vjp(
            lambda x, axis: x.sum(axis),
            lambda inputs, u, none=none: (np.broadcast_to(u[:, None], X.shape).copy(), none),
            X,
            1,
        )
        assert gradcheck.check(target).ok
