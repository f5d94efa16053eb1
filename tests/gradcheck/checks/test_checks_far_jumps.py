"""Poles, branch cuts and eigenvectors that change their sign, some way off: they are no inexactness of the forward."""

import numpy as np
import pytest

import gradcheck
from gradcheck import Verdict, adapt

FAR = {
    "pole of 1/x": (np.reciprocal, lambda x: -1 / x**2),
    "pole of tan": (np.tan, lambda x: 1 + np.tan(x) ** 2),
    "branch cut": (lambda x: np.arctan2(x, -1.0), lambda x: -1 / (1 + x**2)),
    "remainder": (lambda x: np.fmod(x, 0.7), np.ones_like),
    "cusp": (lambda x: np.sqrt(np.abs(x)), lambda x: 0.5 * np.sign(x) / np.sqrt(np.abs(x))),
}


def verdict(f, slope, factor, seed):
    # one entry is so near that a move of a quarter of the block's size passes over it, none so near that steps do
    x = np.random.default_rng(seed).choice([-1.0, 1.0], (3, 4)) * np.linspace(0.11, 3.3, 12).reshape(3, 4)
    x[np.abs(np.abs(x) - np.pi / 2) < 0.1] += 0.25
    spoilt = np.ones_like(x)
    spoilt[1] = factor
    target = adapt.vjp(f, lambda i, u: (u * slope(i[0]) * spoilt,), x, name="far")
    return gradcheck.check(target, seed=seed).verdict


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("f", "slope"), FAR.values(), ids=FAR.keys())
def test_a_jump_far_away_hides_no_small_mistake_here(f, slope, seed):
    assert verdict(f, slope, 1.0, seed) is Verdict.AGREES
    assert verdict(f, slope, 1 + 1e-4, seed) is Verdict.DISAGREES


@pytest.mark.parametrize(
    ("name", "f", "slope", "x"),
    [
        ("remainder", lambda x: np.mod(x, 1.0), np.ones_like, np.array([2.0, 0.3, -1.0, 0.7, 3.0])),
        ("step beside a slope", lambda x: np.where(x >= 1, x + 2, x), np.ones_like, np.array([1.0, 2.0, 0.5, 0.2])),
    ],
)
def test_a_jump_at_the_point_is_the_reason_that_is_told(name, f, slope, x):
    report = gradcheck.check(adapt.vjp(f, lambda i, u: (u * slope(i[0]),), x, names=("x",), name=name))
    told = [f for f in report.findings if f.verdict is Verdict.INCONCLUSIVE]
    assert {f.check for f in told} == {"gradient.direction", "gradient.entries"}
    assert all("the function jumps at this point" in f.reason and "noise" not in f.message for f in told)
    beside = adapt.vjp(f, lambda i, u: (u * slope(i[0]),), x + 0.05, names=("x",), name=name)
    assert gradcheck.check(beside).verdict is Verdict.AGREES
