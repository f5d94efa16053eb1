"""What a mistake is called: layers with a backward written wrongly, each beside the right one of the same forward."""

import pytest

import gradcheck
from gradcheck import Verdict
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
