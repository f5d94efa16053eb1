"""A forward that iterates without a limit is asked at other places too, when a mistake is named; it need not end."""

import threading

import numpy as np
import pytest

import gradcheck
from gradcheck import Verdict, adapt
from gradcheck.diagnosis.deadline import ended_within


def endless():
    while True:
        pass


def test_what_ends_is_returned_and_what_raises_is_nothing():
    assert ended_within(30.0, lambda: 2 + 2) == [4]
    assert ended_within(30.0, lambda: 1 / 0) == []


def test_a_loop_that_does_not_end_is_ended():
    before = threading.active_count()
    assert ended_within(0.05, endless) is None
    assert threading.active_count() == before


def test_what_it_calls_sees_the_callers_settings():
    with np.errstate(divide="raise"):
        assert ended_within(30.0, lambda: 1 / np.zeros(2)) == []
    with np.errstate(divide="ignore"):
        assert np.all(np.isinf(ended_within(30.0, lambda: 1 / np.zeros(2))[0]))


@pytest.mark.parametrize("seed", [3, 9])  # exp a, a² or 2 a let the iteration grow without end
def test_a_wrong_claim_of_an_iteration_without_a_limit_is_told(seed):
    def jacobi(a, b):
        d, x = np.diag(a) + 6, 0 * b
        while True:
            new = (b - (a @ x - np.diag(a) * x)) / d
            if np.abs(new - x).max() < 1e-10:
                return new
            x = new

    def pull(inputs, u):
        a, b = inputs
        m = a + 6 * np.eye(len(a))
        g = np.linalg.solve(m.T, u)
        return -1.3 * np.outer(g, np.linalg.solve(m, b)), g

    rng = np.random.default_rng(seed)
    target = adapt.vjp(jacobi, pull, rng.normal(size=(4, 4)), rng.normal(size=4), names=("a", "b"), name="jacobi")
    with np.errstate(all="ignore"):
        assert gradcheck.check(target, seed=seed).verdict is Verdict.DISAGREES
