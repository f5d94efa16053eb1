"""A check that is asked alone says what it says among all checks, and costs little more."""

from dataclasses import replace

import numpy as np
import pytest
from planted_checks import PLANTED

import gradcheck
from gradcheck import adapt
from gradcheck.checks import checks_for

# what these answer depends on how often they were called before: they count, or draw random numbers of their own
_OWN_STATE = ("a counter", "outputs grow", "dropout", "accumulates dW", "a mask of its own")
STATELESS = [planted for planted in PLANTED if planted.how not in _OWN_STATE]


def alone(target):
    """The findings of each check, asked in the reverse order."""
    parts = [replace(target, asked=(check.id,)) for check in reversed(checks_for(target))]
    return [finding for part in parts for finding in gradcheck.check(part).findings]


def told(finding):
    names = ("id", "verdict", "claimed", "measured", "error", "gap", "allowed", "resolution", "worst", "pattern")
    return repr([getattr(finding, name) for name in (*names, "message", "curve", "table")])


def counted(target):
    calls = []

    def forward(*values):
        calls.append("forward")
        return target.forward(*values)

    def linearize(*values):
        calls.append("linearize")
        return target.linearize(*values)

    return replace(target, forward=forward, linearize=linearize), calls


@pytest.mark.parametrize("planted", STATELESS, ids=str)
def test_a_planted_fault_is_the_same_whether_its_check_is_asked_alone_or_among_all(planted):
    found = {told(f) for f in alone(planted.wrong())}
    whole = gradcheck.check(planted.wrong())
    left = [f.id for f in whole.findings if told(f) not in found]
    assert not left


@pytest.mark.parametrize("planted", [p for p in PLANTED if p.how in _OWN_STATE], ids=str)
def test_a_fault_that_keeps_state_is_found_by_its_check_alone(planted):
    found = gradcheck.check(replace(planted.wrong(), asked=(planted.check,))).failures
    assert planted.check in {f.check for f in found}


@pytest.mark.parametrize("planted", PLANTED[:1], ids=str)
def test_a_right_target_has_the_same_findings_and_no_others(planted):
    whole = gradcheck.check(planted.right())
    assert sorted(map(told, alone(planted.right()))) == sorted(map(told, whole.findings))


def test_checks_asked_alone_cost_58_calls_more_than_all_together():
    """Each calls the forward for its base outputs, most the pullback too, and twice to see whether inputs are kept."""
    target, calls = counted(PLANTED[0].right())
    gradcheck.check(target)
    together = len(calls)
    calls.clear()
    alone(target)
    assert len(calls) - together == 58
    assert len(checks_for(target)) == 17


def test_a_forward_that_writes_into_its_weights_is_measured_on_copies_though_nobody_asked_whether_it_does():
    def forward(x, W):
        y = x @ W
        W += 0.5
        return y

    def vjp(inputs, u):
        x, W = inputs
        return u @ (W - 0.5).T, x.T @ u

    W = np.random.default_rng(3).normal(size=(3, 5))
    x = np.random.default_rng(4).normal(size=(2, 3))
    target = adapt.vjp(forward, vjp, x, W, names=("x", "W"), name="bilinear")
    whole = [f for f in gradcheck.check(target).findings if f.check.startswith("gradient.")]
    found = gradcheck.check(replace(target, asked=("gradient",))).findings
    assert list(map(told, found)) == list(map(told, whole))
    assert not any(f.verdict.wrong for f in found)
