"""What a mistake is called: layers with a backward written wrongly, each beside the right one of the same forward."""

import numpy as np
import pytest

import gradcheck
from gradcheck import Verdict, adapt
from tests.planted.twins import STALE, TWINS

QUICK = [t for t in TWINS if type(t.layer).__name__ not in ("RNN", "LSTM", "GRU", "Conv2d", "MaxPool2d", "AvgPool2d")]


def holds(twin):
    report = gradcheck.check(twin.target())
    wrong = {f.wrt: f for f in report.findings if f.verdict.wrong and f.wrt}
    assert set(wrong) == set(twin.quantities), str(report)
    said = {f.wrt: f.pattern for f in report.findings if f.verdict.wrong and f.pattern}
    for quantity in twin.quantities:
        if twin.slugs:
            assert said.get(quantity) in twin.slugs, str(report)
        else:
            assert said.get(quantity) in (None, "part"), str(report)  # where it is wrong is always true
    assert twin.told in "\n".join(f.message for f in wrong.values())


@pytest.mark.parametrize("twin", QUICK[::6], ids=str)
def test_a_mistake_is_named(twin):
    holds(twin)


@pytest.mark.parametrize("twin", QUICK[::11], ids=str)
def test_the_right_layer_agrees(twin):
    assert gradcheck.check(twin.target(right=True)).verdict in (Verdict.AGREES, Verdict.KINK)


@pytest.mark.parametrize("twin", STALE, ids=str)
def test_a_cache_of_another_forward_is_told(twin):
    report = gradcheck.check(twin.target())
    assert report.verdict.wrong
    assert "stale_cache" in {f.pattern for f in report.findings}, str(report)


def test_a_small_fault_is_not_given_the_name_of_a_factor_that_does_not_explain_it():
    """(1 − x²)² is a factor near one for small x, and so is that of this fault."""
    x = 1e-3 * np.random.default_rng(3).uniform(0.1, 1.0, size=(3, 5))
    signs = (-1.0) ** np.arange(15).reshape(3, 5)
    target = adapt.vjp(lambda x: 1 / x, lambda i, u: (-u / i[0] ** 2 * (1 + 1e-6 * signs),), x, names=("x",), name="f")
    report = gradcheck.check(target)
    assert report.verdict is Verdict.DISAGREES
    assert {f.pattern for f in report.findings} == {None}, str(report)


@pytest.mark.slow
@pytest.mark.parametrize("twin", TWINS, ids=str)
def test_every_mistake_is_named(twin):
    holds(twin)


@pytest.mark.slow
@pytest.mark.parametrize("twin", TWINS, ids=str)
def test_every_right_layer_agrees(twin):
    assert gradcheck.check(twin.target(right=True)).verdict in (Verdict.AGREES, Verdict.KINK)
