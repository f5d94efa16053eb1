"""The forms in which inputs, gradients and `wrt` are written: right ones are taken, others told in a sentence."""

import numpy as np
import pytest
from scipy import sparse

import gradcheck
from gradcheck import InputError, Verdict, adapt

X, Y = np.random.default_rng(6).normal(size=(2, 5))
NEST = {"W": X, "b": Y}


def product(W, b):
    return W * np.sin(b)


def wrong(inputs, u):
    return 77 * u, -3 * u


@pytest.mark.parametrize("wrt", ["W1", ("w",), ("W", "c"), ()])
def test_a_wrt_that_names_no_input_is_refused(wrt):
    with pytest.raises(
        InputError, match=r"Expected wrt to name inputs, W, b, but got .*: no gradient would be measured"
    ):
        adapt.vjp(product, wrong, X, Y, wrt=wrt)


@pytest.mark.parametrize("wrt", ["W", ("W",), ["W", "b"]])
def test_a_wrt_of_one_name_or_several_is_measured(wrt):
    assert gradcheck.check(adapt.vjp(product, wrong, X, Y, wrt=wrt)).verdict is Verdict.DISAGREES
    assert gradcheck.check(adapt.closure(lambda W: (2 * W, lambda u: (5 * u,)), X, wrt="W")).verdict.wrong


def test_a_nest_is_claimed_by_its_own_name():
    target = adapt.vjp(lambda p, x: p["W"] * x, lambda i, u: ({"W": 77 * u, "b": 0 * u}, u), NEST, X, wrt=("p",))
    assert target.wrt == ("p.W", "p.b")
    assert gradcheck.check(target).verdict is Verdict.DISAGREES


RIGHT = {
    "a list of gradients for a list": lambda: adapt.gradient(
        lambda ps: float(ps[0] @ ps[1][:5]), lambda ps: [ps[1][:5], np.r_[ps[0], 0.0, 0.0]], [X, np.r_[Y, 1.0, 2.0]]
    ),
    "a dictionary beside an array": lambda: adapt.gradient(
        lambda p, x: float(p["W"] @ x), lambda p, x: ({"W": x, "b": 0 * p["b"]}, p["W"]), NEST, Y
    ),
    "the bare list of the only input": lambda: adapt.vjp(
        lambda ps: ps[0] * ps[1], lambda i, u: [u * i[0][1], u * i[0][0]], [X, Y]
    ),
    "by name beside a dictionary": lambda: adapt.vjp(
        lambda p, x: p["W"] * x + p["b"],
        lambda i, u: {"p": {"W": u * i[1], "b": u}, "x": u * i[0]["W"]},
        NEST,
        X,
        names=("p", "x"),
    ),
    "a sparse Jacobian": lambda: adapt.jacobian(lambda x: 2 * x, lambda x: 2 * sparse.eye(5), X),
    "None for a constant": lambda: adapt.jacobian(
        lambda a, n: a**n, lambda a, n: (np.diag(n * a ** (n - 1)), None), X, 3
    ),
}


@pytest.mark.parametrize("form", RIGHT)
def test_right_gradients_of_any_form_are_right(form):
    assert gradcheck.check(RIGHT[form]()).verdict is Verdict.AGREES


def tanh(answer):
    return adapt.vjp(np.tanh, answer, X, names=("x",), name="tanh")


def slope(inputs, u):
    return u * (1 - np.tanh(inputs[0]) ** 2)


def fails_unless(holds):
    def pull(inputs, u):
        if not holds(u):
            raise ZeroDivisionError
        return slope(inputs, u)

    return pull


def taken_once(x):
    tape = [1 - np.tanh(x) ** 2]
    return np.tanh(x), lambda u: (u * tape.pop(),)


TOLD = {
    "a surplus gradient": (
        lambda: adapt.vjp(product, lambda i, u: {"W": u, "b": u, "c": u}, X, Y),
        "a gradient for 'c', which the forward does not take: W, b",
    ),
    "text": (lambda: tanh(lambda i, u: ("oops",)), "gradient of x has dtype=<U4: no numbers; return floats"),
    "a ragged list": (
        lambda: tanh(lambda i, u: ([[1, 2], [3]],)),
        "Expected an array for the gradient of x but got list",
    ),
    "an array for a nest": (
        lambda: adapt.vjp(lambda x: np.asarray(x) * 1.0, lambda i, u: (u,), [X, Y], names=("x",)),
        "Expected a list of gradients for x, as it was given, but got an array of shape (2, 5); give np.asarray(x)",
    ),
    "a matrix": (
        lambda: adapt.vjp(lambda x: np.matrix(x * 2), lambda i, u: (2 * np.asarray(u),), np.ones((2, 3)), names=("x",)),
        "the output is a matrix, whose operators mean something else",
    ),
    "a masked array": (
        lambda: adapt.vjp(lambda x: np.ma.masked_array(x, X < 0), lambda i, u: (u,), X, names=("x",)),
        "the output is a MaskedArray",
    ),
    "a value beside the gradient": (
        lambda: adapt.gradient(lambda x: float(x @ x), lambda x: (float(x @ x), 2 * x), X),
        "Expected one gradient from function but got a tuple of 2: return it alone",
    ),
    "several outputs of a Jacobian": (
        lambda: adapt.jacobian(lambda x: (x**2, x.sum()), lambda x: (np.diag(2 * x), np.ones(5)), X),
        "Expected f to return one array but got tuple",
    ),
    "raises for strides": (
        lambda: tanh(fails_unless(lambda u: u.flags.c_contiguous)),
        "contract.layout, for a cotangent that is not contiguous: ZeroDivisionError",
    ),
    "raises for large numbers": (
        lambda: tanh(fails_unless(lambda u: np.abs(u).max() < 1e3)),
        "pullback.linear, for a cotangent made very large or small: ZeroDivisionError",
    ),
    "raises for zeros": (
        lambda: tanh(fails_unless(np.any)),
        "pullback.zero, for a cotangent of zeros: ZeroDivisionError",
    ),
    "is used up": (
        lambda: adapt.closure(taken_once, X),
        "contract.aliasing, for a pullback called a second time: Index",
    ),
}


@pytest.mark.parametrize("form", TOLD)
def test_what_has_another_form_is_told_with_what_and_where(form):
    target, message = TOLD[form]
    report = gradcheck.check(target())
    assert report.verdict in (Verdict.MALFORMED, Verdict.RAISED)
    assert message in str([finding.message for finding in report.failures])


def test_second_derivatives_of_a_complex_input_are_refused():
    for claim in (lambda z: adapt.hessian(np.square, np.diag, z), lambda z: adapt.hvp(np.square, np.multiply, z)):
        with pytest.raises(InputError, match="second derivatives of a complex input are not one matrix"):
            claim(X + 1j * Y)
