"""Backwards that iterate to a tolerance: their own error is no mistake, and a mistake beyond it is still told."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import gradcheck
from gradcheck import Verdict, adapt
from gradcheck.checks.together import together
from gradcheck.checks.trial import Trial
from gradcheck.settings import Settings

SEEDS = range(3)


def jacobi(a, b, tolerance):
    """Solve (a + 6 I) x = b until a step is small, whatever the size of b."""
    d, x = np.diag(a) + 6, 0 * b
    for _ in range(500):
        new = (b - (a @ x - np.diag(a) * x)) / d
        if np.abs(new - x).max() < tolerance:
            return new
        x = new
    return x


def solved(spoil=lambda u: 0.0, factor=1.0, tolerance=1e-9):
    """The forward is exact, and its backward iterates."""

    def target(rng):
        def vjp(inputs, u):
            a, b = inputs
            g = factor * (jacobi(a.T, u, tolerance) + spoil(u))
            return -np.outer(g, np.linalg.solve(a + 6 * np.eye(3), b)), g

        a, b = rng.standard_normal((3, 3)), rng.standard_normal(3)
        return adapt.vjp(lambda a, b: np.linalg.solve(a + 6 * np.eye(3), b), vjp, a, b, name="solved")

    return target


def pendulum(factor=1.0):
    """An adjoint equation in adaptive steps, a thousand times looser than what is measured."""

    def swing(t, y, k):
        return np.array([y[1], -k * np.sin(y[0])])

    def forward(y, k):
        return solve_ivp(swing, (0, 1), y, "DOP853", args=(k,), rtol=1e-12, atol=1e-13).y[:, -1]

    def vjp(inputs, u):
        y, k = inputs
        at = solve_ivp(swing, (0, 1), y, "DOP853", args=(k,), rtol=1e-12, atol=1e-13, dense_output=True).sol

        def back(t, z):
            angle = at(t)[0]
            return np.array([z[1] * k * np.cos(angle), -z[0], z[1] * np.sin(angle)])

        z = solve_ivp(back, (1, 0), np.append(u, 0.0), rtol=1e-8, atol=1e-9).y[:, -1]
        return factor * z[:2], np.asarray(factor * z[2])

    def target(rng):
        return adapt.vjp(forward, vjp, rng.standard_normal(2), np.asarray(rng.uniform(0.5, 2)), name="pendulum")

    return target


def verdicts(target):
    return [gradcheck.check(target(np.random.default_rng([seed, 9])), seed=seed).verdict for seed in SEEDS]


@pytest.mark.parametrize("target", [solved(), solved(tolerance=1e-7), pendulum()], ids=["1e-9", "1e-7", "adjoint"])
def test_the_error_of_a_backward_that_stops_at_a_tolerance_is_no_mistake(target):
    assert not any(verdict.wrong for verdict in verdicts(target))


def test_a_tolerance_that_hides_nothing_of_interest_is_verified():
    assert verdicts(solved()) == [Verdict.AGREES] * len(SEEDS)


WRONG = {
    "factor": solved(factor=1 + 1e-5),
    "factor of the adjoint": pendulum(1 + 1e-4),
    "a square": solved(lambda u: 1e-6 * u * np.abs(u)),
    "an absolute value": solved(lambda u: 1e-5 * np.abs(u)),
    "a saturation": solved(lambda u: 1e3 * np.tanh(u / 1e3) - u),
}


@pytest.mark.parametrize("target", WRONG.values(), ids=WRONG.keys())
def test_a_mistake_beyond_the_tolerance_is_told(target):
    assert all(verdict.wrong for verdict in verdicts(target))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("factor", "wrong"), [(1.0, False), (1 + 1e-3, True)])
def test_equal_moves_of_what_seems_a_kink_allow_for_the_tolerance_too(factor, wrong, seed):
    """The forward's jumps may look like a kink, and all inputs are then moved by the same amount."""
    target = solved(factor=factor, tolerance=1e-7)(np.random.default_rng([seed, 9]))
    trial = Trial(target, Settings(seed=seed))
    kink = trial.finding("gradient.entries", "b", Verdict.KINK)
    assert any(finding.verdict.wrong for finding in together(trial, [kink])) is wrong
