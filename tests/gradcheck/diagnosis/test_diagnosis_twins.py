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


@pytest.mark.parametrize("twin", STALE[::4], ids=str)
def test_a_cache_of_another_forward_is_told(twin):
    report = gradcheck.check(twin.target())
    assert report.verdict.wrong
    assert "stale_cache" in {f.pattern for f in report.findings}, str(report)


@pytest.mark.parametrize("size", [1e-6, 1e-3, 0.1])
@pytest.mark.parametrize("scale", [1e-4, 1.0])
def test_a_fault_smaller_than_the_rounding_of_a_name_is_not_given_one(size, scale):
    """(1 − x²)² is a factor near one for small x, and so is that of this fault; it has no name."""

    def off(inputs, u):
        x = inputs[0]
        return (-u / x**2 * (1 + size * (-1.0) ** np.arange(x.size).reshape(x.shape) * np.cos(np.arange(5))),)

    x = scale * np.random.default_rng(3).uniform(0.5, 2.0, size=(3, 5))
    report = gradcheck.check(adapt.vjp(lambda x: 1 / x, off, x, names=("x",), name="reciprocal"))
    assert report.verdict is Verdict.DISAGREES
    assert {f.pattern for f in report.findings} <= {None, "part"}, str(report)


@pytest.mark.slow
@pytest.mark.parametrize("twin", TWINS, ids=str)
def test_every_mistake_is_named(twin):
    holds(twin)


@pytest.mark.slow
@pytest.mark.parametrize("twin", TWINS, ids=str)
def test_every_right_layer_agrees(twin):
    assert gradcheck.check(twin.target(right=True)).verdict in (Verdict.AGREES, Verdict.KINK)


@pytest.mark.slow
@pytest.mark.parametrize("twin", STALE, ids=str)
def test_every_cache_of_another_forward_is_told(twin):
    report = gradcheck.check(twin.target())
    assert "stale_cache" in {f.pattern for f in report.findings}, str(report)
