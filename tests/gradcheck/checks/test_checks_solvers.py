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


def iterate(step, x, tolerance, lost):
    for _ in range(3000):
        new = step(x)
        if np.abs(new - x).max() < tolerance:
            return new
        x = new
    lost.append(x)
    return x


def jacobi_forward(size, seed, tolerance, lost, factor=1.0):
    """A forward that would never return where its matrix is moved too far."""
    rng = np.random.default_rng([seed, size])

    def forward(a, b):
        d = np.diag(a) + 6
        return iterate(lambda x: (b - (a @ x - np.diag(a) * x)) / d, 0 * b, tolerance, lost)

    def vjp(inputs, u):
        a, b = inputs
        m = a + 6 * np.eye(size)
        g = factor * np.linalg.solve(m.T, u)
        return -np.outer(g, np.linalg.solve(m, b)), g

    a, b = rng.uniform(-1, 1, (size, size)), rng.standard_normal(size)
    return adapt.vjp(forward, vjp, a, b, names=("a", "b"), name="jacobi")


@pytest.mark.parametrize(("size", "seed"), [(3, 8), (4, 2), (5, 5), (5, 0)])
def test_a_forward_that_iterates_is_not_moved_to_where_it_never_ends(size, seed):
    lost = []
    with np.errstate(all="ignore"):
        verdict = gradcheck.check(jacobi_forward(size, seed, 1e-10, lost), seed=seed).verdict
    assert verdict is Verdict.AGREES
    assert lost == []


@pytest.mark.parametrize("tolerance", [1e-4, 1e-6, 1e-8, 1e-11])
def test_a_forward_that_stops_early_is_not_called_wrong_and_a_turned_sign_is(tolerance):
    for seed in range(3):
        with np.errstate(all="ignore"):
            assert not gradcheck.check(jacobi_forward(4, seed, tolerance, []), seed=seed).verdict.wrong
            assert gradcheck.check(jacobi_forward(4, seed, tolerance, [], factor=-1.0), seed=seed).verdict.wrong
