"""Kinks of several entries at once: what is no subgradient although each entry alone could be, and nets that tie."""

import numpy as np
import pytest

import gradcheck
from gradcheck import Verdict, adapt

SEEDS = range(3)


def verdicts(target_of):
    return {gradcheck.check(target_of(seed), seed=seed).verdict for seed in SEEDS}


def length(x):
    return np.sqrt((np.abs(x) ** 2).sum(axis=-1))


def filled(fill):
    def pull(inputs, u):
        n = length(inputs[0])[..., None]
        slope = np.full_like(inputs[0], fill)
        return (np.asarray(u)[..., None] * np.divide(inputs[0], n, out=slope, where=n > 0),)

    return pull


@pytest.mark.parametrize("columns", [2, 3, 8])
@pytest.mark.parametrize("fill", [0.0, 1.0, 0.9, "within"])
def test_a_gradient_of_a_norm_at_zero_has_a_length_of_one_at_most(columns, fill):
    slope = 0.99 / np.sqrt(columns) if fill == "within" else fill

    def target(seed):
        x = np.random.default_rng(seed).normal(size=(4, columns))
        x[1] = 0
        return adapt.vjp(length, filled(slope), x, names=("x",), name="norm")

    inside = slope * np.sqrt(columns) <= 1
    assert verdicts(target) == {Verdict.KINK if inside else Verdict.DISAGREES}


@pytest.mark.parametrize("slope", [0.6 + 0.6j, 0.8 + 0.8j])
def test_a_gradient_of_a_complex_modulus_at_zero_has_a_modulus_of_one_at_most(slope):
    z = np.array([0, 1 + 1j, -2j])
    direction = lambda z: np.where(z == 0, slope, z / np.where(z == 0, 1, np.abs(z)))  # noqa: E731
    found = verdicts(lambda _: adapt.vjp(np.abs, lambda i, u: (u * direction(i[0]),), z, names=("z",), name="modulus"))
    assert found == {Verdict.KINK if abs(slope) < 1 else Verdict.DISAGREES}


def test_the_corner_of_a_square_norm_is_no_subgradient():
    def corner(a):
        return lambda i, u: (u * np.array([a, a]) if not i[0].any() else u * slope(i[0]),)

    def slope(x):
        first, second = np.sign(x[0] + x[1]), np.sign(x[0] - x[1])
        return np.array([first + second, first - second])

    f = lambda x: abs(x[0] + x[1]) + abs(x[0] - x[1])  # noqa: E731
    for a, verdict in ((2.0, Verdict.DISAGREES), (0.9, Verdict.KINK)):
        assert verdicts(lambda _, a=a: adapt.vjp(f, corner(a), np.zeros(2), names=("x",), name="box")) == {verdict}


def net(x, W1, b1, W2):
    return np.maximum(x @ W1 + b1, 0) @ W2


def chain_rule(at_zero, factor=1.0):
    def pull(inputs, u):
        x, W1, b1, W2 = inputs
        z = x @ W1 + b1
        d = (u @ W2.T) * np.where(z == 0, at_zero, z > 0)
        return d @ W1.T, factor * (x.T @ d), d.sum(axis=0), np.maximum(z, 0).T @ u

    return pull


@pytest.mark.parametrize("at_zero", [0.0, 1.0])
@pytest.mark.parametrize("sizes", [(8, 10, 20, 5, 3), (5, 4, 6, 3, 1)])
def test_a_relu_net_at_padded_rows_is_not_called_wrong(at_zero, sizes):
    """With weights of both signs behind them, many kinks at once have no slopes that a chain rule lies between."""

    def target(factor=1.0):
        def made(seed):
            rows, inside, hidden, outside, padded = sizes
            rng = np.random.default_rng(8000 + seed)
            x = rng.normal(size=(rows, inside))
            x[:padded] = 0
            point = x, rng.normal(size=(inside, hidden)), np.zeros(hidden), rng.normal(size=(hidden, outside))
            return adapt.vjp(net, chain_rule(at_zero, factor), *point, name="net")

        return made

    assert verdicts(target()) <= {Verdict.KINK, Verdict.INCONCLUSIVE}
    assert verdicts(target(1 + 1e-5)) == {Verdict.DISAGREES}


def test_what_is_told_of_a_norm_has_the_slopes_on_both_sides_and_a_bar():
    x = np.random.default_rng(0).normal(size=(4, 3))
    x[1] = 0
    report = gradcheck.check(adapt.vjp(length, filled(1.0), x, names=("x",), name="norm"))
    (finding,) = [f for f in report.findings if f.verdict is Verdict.DISAGREES]
    assert "no subgradient: where the function is convex" in finding.message
    assert "outside of the slopes that meet there" in finding.message
    assert abs(finding.gap) > 0.1 > 1e-6 > finding.allowed > 0
    assert abs(finding.claimed - finding.measured) == pytest.approx(abs(finding.gap))
