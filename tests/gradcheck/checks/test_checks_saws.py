"""Forwards that take one from one: between two neighbours of the one their slope is another than their derivative.

exp(x) − 1 − x at 1e-8 is −x there and steps back by a spacing of one at the next: no step of that length tells its
derivative, only longer ones do. Rules that are right must not be called wrong, and wrong ones not right.
"""

import numpy as np
import pytest

import gradcheck
from gradcheck import Verdict, adapt


def normal(seed, shape=(3, 4)):
    return np.random.default_rng(seed).normal(size=shape)


def entropy(x):
    top = x.max(axis=1, keepdims=True)
    log_p = x - (np.log(np.exp(x - top).sum(axis=1, keepdims=True)) + top)
    return -(np.exp(log_p) * log_p).sum(axis=1)


def entropy_slope(x):
    p = np.exp(x - x.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    top = x.max(axis=1, keepdims=True)
    log_p = x - (np.log(np.exp(x - top).sum(axis=1, keepdims=True)) + top)
    return -p * (log_p - (p * log_p).sum(axis=1, keepdims=True))


LOGITS = np.array([[0.0, 14.0, 3.0, 11.0, 5.0], [240.0, 251.0, 238.0, 236.0, 245.0], [13.0, 2.0, 12.0, 1.0, 0.5]])
SAWS = {
    "a divergence beside zero": (lambda x: (np.exp(x) - 1 - x).sum(), np.expm1, 1e-8 * normal(0)),
    "the same with digits lost": (lambda x: (np.exp(x) - 1 - x).sum(), lambda x: np.exp(x) - 1, 1e-8 * normal(0)),
    "sin(x)/x": (lambda x: np.sin(x) / x, lambda x: -x / 3, 1e-8 * normal(0)),
    "entropy of grey levels": (entropy, entropy_slope, LOGITS),
}


def rule(f, slope, factor=1.0):
    def pull(inputs, u):
        weights = u if np.ndim(u) in (0, 2) else u[:, None]
        return (factor * weights * slope(inputs[0]),)

    return f, pull


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", SAWS)
def test_a_right_rule_of_a_saw_is_not_called_wrong(name, seed):
    f, slope, x = SAWS[name]
    report = gradcheck.check(adapt.vjp(*rule(f, slope), x, names=("x",), name=name), seed=seed)
    assert not report.verdict.wrong, str(report)


def test_a_quotient_whose_backward_has_lost_all_its_digits_is_not_called_wrong():
    """(x cos x − sin x) / x² is 0 at 1e-8, where −x/3 is due; in wider numbers the same formula is right."""

    def slope(x):
        return (x * np.cos(x) - np.sin(x)) / x**2

    for seed in range(10):
        target = adapt.vjp(*rule(lambda x: np.sin(x) / x, slope), 1e-8 * normal(seed), names=("x",))
        assert not gradcheck.check(target, seed=seed).verdict.wrong


@pytest.mark.parametrize("factor", [3.0, -1.0])
@pytest.mark.parametrize("name", SAWS)
def test_its_wrong_twin_is_called_wrong(name, factor):
    f, slope, x = SAWS[name]
    report = gradcheck.check(adapt.vjp(*rule(f, slope, factor), x, names=("x",), name=name))
    assert report.verdict is Verdict.DISAGREES, str(report)


@pytest.mark.parametrize("small", [1e-10, *(pytest.param(small, marks=pytest.mark.slow) for small in (1e-12, 1e-9))])
@pytest.mark.parametrize("rest", [[0.5, 0.2], [0.4, 0.2], [0.1, 0.2, 0.3, 0.4, 0.6, 0.7, 0.8, 0.9]])
def test_half_of_an_entropy_that_stands_still_on_short_steps_is_no_mistake(small, rest):
    """p log p moves at 1e-9, and (1 − p) log(1 − p) does not: short steps see half of the slope, longer ones all."""
    p = np.array([small, *rest])
    H = lambda p: -(p * np.log(p) + (1 - p) * np.log(1 - p))  # noqa: E731
    for added, wrong in ((0.0, False), (1.0, True)):
        pull = lambda i, u, a=added: (u * (np.log1p(-i[0]) - np.log(i[0]) + a * (i[0] == small)),)  # noqa: E731
        found = {gradcheck.check(adapt.vjp(H, pull, p, names=("p",), name="entropy"), seed=s).verdict for s in range(3)}
        assert (Verdict.DISAGREES in found) == wrong
        assert Verdict.AGREES not in found or not wrong
