"""Forward mode against reverse mode: what either may be wrong in, and the forms in which a jvp is right."""

import re

import numpy as np
import pytest

import gradcheck
from gradcheck import Verdict, adapt

X = np.random.default_rng(4).normal(size=(3, 5))
MASK = np.array([1.0, 0.0, 1.0, 0.0, 1.0])


def found(target, seed=0):
    report = gradcheck.check(target, seed=seed)
    return {(f.check, f.verdict) for f in report.findings if f.verdict.wrong}


def sine(jvp, dtype=np.float64, size=40):
    x = np.random.default_rng(size).normal(size=size).astype(dtype)
    return adapt.jvp(np.sin, jvp, x, names=("x",), vjp=lambda i, u: (np.cos(i[0]) * u,))


@pytest.mark.parametrize(
    ("dtype", "size", "change"),
    [
        (np.float16, 50, lambda t: -t),
        (np.float16, 50, lambda t: 0 * t),
        (np.float32, 40_000, lambda t: t * np.float32(1.1)),
        (np.float32, 1600, lambda t: t * np.where(np.arange(1600) == 7, np.float32(2), np.float32(1))),
        (np.float64, 1600, lambda t: t * (1 + 1e-7)),
    ],
)
def test_a_mistake_of_the_forward_mode_is_told_at_every_precision_and_size(dtype, size, change):
    for factor, wrong in ((change, True), (lambda t: t, False)):
        jvp = lambda i, t, f=factor: f(np.cos(i[0]) * t[0]).astype(dtype)  # noqa: E731
        assert (("adjoint.dot", Verdict.DISAGREES) in found(sine(jvp, dtype, size))) == wrong


def test_an_input_that_a_jvp_forgets_is_told_however_little_it_adds():
    def target(forgets):
        return adapt.jvp(
            lambda a, b: 1e5 * a + 1e-5 * np.sin(b),
            lambda i, t: 1e5 * t[0] + (0 if forgets else 1e-5 * np.cos(i[1]) * t[1]),
            X[0],
            X[1],
            vjp=lambda i, u: (1e5 * u, 1e-5 * u * np.cos(i[1])),
        )

    assert found(target(True)) == {("adjoint.dot", Verdict.DISAGREES)}
    assert not found(target(False))


def both_inputs(i, t):
    return t[0] * i[1] + i[0] * t[1]


RIGHT = {
    "a mask that the vjp answers None for": lambda: adapt.jvp(
        lambda a, m: a * m, both_inputs, X[0], MASK, vjp=lambda i, u: (u * i[1], None)
    ),
    "a list and an array": lambda: adapt.jvp(
        lambda ps, x: ps[0] * x + ps[1],
        lambda i, t: t[0][0] * i[1] + i[0][0] * t[1] + t[0][1],
        [X[0], X[1]],
        X[2],
        vjp=lambda i, u: ([u * i[1], u], u * i[0][0]),
    ),
    "a dictionary": lambda: adapt.jvp(
        lambda p: p["W"] * p["b"],
        lambda i, t: i[0]["W"] * t[0]["b"] + t[0]["W"] * i[0]["b"],
        {"W": X[0], "b": X[1]},
        vjp=lambda i, u: ({"W": u * i[0]["b"], "b": u * i[0]["W"]},),
    ),
    "a dictionary, jvp alone": lambda: adapt.jvp(
        lambda p: p["W"] * p["b"],
        lambda i, t: i[0]["W"] * t[0]["b"] + t[0]["W"] * i[0]["b"],
        {"W": X[0], "b": X[1]},
    ),
    "outputs in another order": lambda: adapt.jvp(
        lambda x: {"a": x**2, "b": x**3},
        lambda i, t: {"b": 3 * i[0] ** 2 * t[0], "a": 2 * i[0] * t[0]},
        X[0],
        vjp=lambda i, u: (2 * u["a"] * i[0] + 3 * u["b"] * i[0] ** 2,),
    ),
    "outputs in another order, jvp alone": lambda: adapt.jvp(
        lambda x: {"a": x**2, "b": x**3},
        lambda i, t: {"b": 3 * i[0] ** 2 * t[0], "a": 2 * i[0] * t[0]},
        X[0],
    ),
    "a list of numbers": lambda: sine(lambda i, t: (np.cos(i[0]) * t[0]).tolist()),
}


@pytest.mark.parametrize("form", RIGHT)
def test_a_right_jvp_of_any_form_is_right(form):
    assert gradcheck.check(RIGHT[form]()).verdict is Verdict.AGREES


def writes(i, t):
    slope = np.cos(i[0]) * t[0]
    i[0][...] *= 2
    return slope


def divides(i, t):
    with np.errstate(all="ignore"):
        return np.cos(i[0]) * t[0] / t[0] * t[0]


@pytest.mark.parametrize(
    ("jvp", "message"),
    [
        (lambda i, t: (np.cos(i[0]) * t[0])[None], r"a tangent of shape \(1, 40\) for an output of shape \(40,\)"),
        (lambda i, t: np.cos(i[0]) * t[0] * (1 + 1j), "a tangent of dtype complex128 for an output of dtype float64"),
        (writes, "jvp writes into x"),
        (divides, "NaN or infinity for a tangent of zeros"),
        (lambda i, t: np.cos(i[0]) * t[0] + 0.5, "jvp of a tangent of zeros is not zero"),
    ],
)
def test_what_a_jvp_must_not_do_is_told(jvp, message):
    report = gradcheck.check(sine(jvp))
    (finding,) = [f for f in report.findings if f.check == "adjoint.dot"]
    assert finding.verdict is Verdict.MALFORMED
    assert re.search(message, finding.message)
