"""Mistakes in entries far below their block, and what large gradients round off small ones, which is none."""

import numpy as np
import pytest
from scipy import special

import gradcheck
from gradcheck import Verdict, adapt
from gradcheck.checks.cotangents import flatten, masked

SEEDS = (0, 1)


def verdicts(target_of, seeds=SEEDS):
    found = []
    for seed in seeds:
        rng = np.random.default_rng([seed, 5])
        with np.errstate(all="ignore"):
            found.append(gradcheck.check(target_of(rng), seed=seed).verdict)
    return found


def told(target_of, seeds=SEEDS):
    return all(verdict.wrong for verdict in verdicts(target_of, seeds))


def verified(target_of, seeds=SEEDS):
    return set(verdicts(target_of, seeds)) <= {Verdict.AGREES, Verdict.KINK}


@pytest.mark.parametrize("place", range(6))
def test_what_flickers_by_more_does_not_hide_an_entry_of_another_scale(place):
    """The square of 1e6 flickers by more than the square of 1e-3 is."""
    scales = 10.0 ** np.array([-3, -2, 0, 2, 4, 6])
    factors = 1 + 1e-6 * (np.arange(6) == place)

    def squares(factors):
        return lambda rng: adapt.vjp(
            np.square,
            lambda inputs, u: (factors * 2 * inputs[0] * u,),
            scales * rng.uniform(1, 2, 6),
            names=("x",),
            name="squares",
        )

    assert told(squares(factors))
    assert verified(squares(np.ones(6)))


def rotation(size):
    return np.linalg.qr(np.random.default_rng(3).standard_normal((size, size)))[0]


MIXED = 10.0 ** np.linspace(-6, 6, 7)


def through_a_rotation(u):
    """What rounding makes of u on a way that mixes all of its entries, and back."""
    turn = rotation(len(u))
    return turn.T @ (turn @ u)


def through_frequencies(u):
    return np.fft.irfft(np.fft.rfft(u), len(u))


@pytest.mark.parametrize("way", [through_a_rotation, through_frequencies])
def test_what_a_backward_that_mixes_large_and_small_rounds_off_the_small_is_no_mistake(way):
    def target(rng):
        return adapt.vjp(lambda x: MIXED * x, lambda i, u: (way(MIXED * u),), rng.standard_normal(7), name="mixed")

    assert verified(target, seeds=range(4))


def test_a_sum_of_cotangents_that_cancels_among_larger_gradients_is_rounding():
    """The shared shift of a softmax has no gradient; the other entries of its block have."""

    def forward(x):
        z = np.exp(x[:4] + x[4] - np.max(x[:4] + x[4]))
        return z / z.sum()

    def vjp(inputs, u):
        s = forward(inputs[0])
        g = s * (u - s @ u)
        return (np.append(g, g.sum()),)

    assert verified(lambda rng: adapt.vjp(forward, vjp, rng.standard_normal(5), name="shifted"), seeds=range(4))


@pytest.mark.parametrize("row", range(3))
def test_a_mistake_in_a_faint_row_is_told_whatever_the_other_rows_are(row):
    """Rows of erfc near 0, 4 and 7: their gradients lie 1e-7 and 1e-20 apart."""
    wrong = 1 + 1e-6 * (np.arange(3) == row)[:, None]

    def gaussian(factors):
        def target(rng):
            x = np.array([[0.3], [4.0], [7.0]]) + rng.uniform(0, 0.5, (3, 5))
            slope = lambda i, u: (-2 / np.sqrt(np.pi) * np.exp(-(i[0] ** 2)) * u * factors,)  # noqa: E731
            return adapt.vjp(special.erfc, slope, x, name="erfc")

        return target

    assert told(gaussian(wrong))
    assert verified(gaussian(np.ones((3, 1))))


@pytest.mark.parametrize("place", [(0, 0), (2, 1)])
def test_what_is_forgiven_along_a_direction_is_looked_for_entry_by_entry(place):
    """Near −1 a rounding of one entry changes log1p's slope by more than a mistake in another."""
    wrong = np.ones((3, 5))
    wrong[place] += 1e-6

    def logarithm(factors):
        def target(rng):
            x = -1 + 10.0 ** rng.uniform(-7, -3, (3, 5))
            return adapt.vjp(np.log1p, lambda i, u: (u / (1 + i[0]) * factors,), x, name="log1p")

        return target

    assert told(logarithm(wrong), seeds=range(4))
    assert verified(logarithm(np.ones((3, 5))), seeds=range(4))


@pytest.mark.parametrize("seed", range(6))
def test_curvature_that_cancels_a_gap_at_one_step_does_not_deny_it(seed):
    wrong = np.ones((3, 5))
    wrong[2, 1] += 1e-6

    def power(factors):
        def target(rng):
            x = 3 * rng.standard_normal((3, 5))
            x[2, 1] = 1.49
            return adapt.vjp(lambda x: x**20, lambda i, u: (20 * i[0] ** 19 * u * factors,), x, name="power")

        return target

    assert told(power(wrong), seeds=(seed,))
    assert verified(power(np.ones((3, 5))), seeds=(seed,))


def test_a_masked_cotangent_keeps_its_structure_and_the_outputs_that_are_asked_for():
    cotangent = {"a": np.array([[1.0, -2.0, 3.0]]), "b": (2.5, np.float32(4.0)), "labels": np.arange(3), "c": None}
    keep = np.array([True, False, True, False, True])
    left = masked(cotangent, keep)
    assert flatten(left).tolist() == [1.0, 0.0, 3.0, 0.0, 4.0]
    assert left["a"].shape == (1, 3)
    assert isinstance(left["b"][0], float)
    assert left["b"][1].dtype == np.float32
    assert left["labels"].tolist() == [0, 1, 2]
    assert left["c"] is None


def last_entry(forward, slope, x, factor):
    """A target whose last entry has its gradient times a factor."""
    factors = np.ones(x.shape, x.dtype)
    factors[-1] = factor
    return lambda rng: adapt.vjp(forward, lambda i, u: (u * slope(i[0]) * factors,), x, names=("x",), name="last")


@pytest.mark.parametrize("factor", [1.003, 0.5, 0.0, -1.0, 10.0])
@pytest.mark.parametrize("small", [1e-2, 1e-3, 1e-5, 1e-7])
def test_a_float32_entry_far_below_its_block_is_judged_on_its_own_scale(small, factor):
    exponents = np.array([0.3, 1.1, -0.4, np.log(small)], np.float32)
    numbers = np.array([1.1, -0.5, 0.7, small], np.float32)
    for forward, slope, x in ((np.exp, np.exp, exponents), (np.square, lambda x: 2 * x, numbers)):
        assert told(last_entry(forward, slope, x, np.float32(factor)))
        assert verified(last_entry(forward, slope, x, np.float32(1)))


@pytest.mark.parametrize("factor", [10.0, 1.2, 1.01, 1 + 1e-5, 0.5, -1.0])
@pytest.mark.parametrize("far", [-30.0, -45.0, -60.0])
def test_a_gross_mistake_in_a_tail_is_verified_no_more_than_a_small_one(far, factor):
    """All that it changes is less than the rounding of a one, but here none is met: open, if not told."""
    x = np.array([1.0, -2.0, 3.0, far])
    for forward, slope in ((np.exp, np.exp), (lambda x: np.logaddexp(x, 0 * x), lambda x: 1 / (1 + np.exp(-x)))):
        assert not set(verdicts(last_entry(forward, slope, x, factor))) & {Verdict.AGREES, Verdict.KINK}
        assert verified(last_entry(forward, slope, x, 1.0))


@pytest.mark.parametrize("place", [0, 2, 4])
def test_a_tail_that_is_claimed_zero_is_not_verified_wherever_it_lies(place):
    x = np.array([1.0, -2.0, 3.0, 0.5, -1.0])
    x[place] = -33.0
    zero = np.where(np.arange(5) == place, 0.0, 1.0)
    for factors, verified_ in ((zero, False), (np.ones(5), True)):
        pull = lambda i, u, f=factors: (u * np.exp(i[0]) * f,)  # noqa: E731
        found = verdicts(lambda rng, p=pull: adapt.vjp(np.exp, p, x, names=("x",), name="exp"))
        assert (set(found) == {Verdict.AGREES}) == verified_


@pytest.mark.parametrize("far", [-30.0, -31.5, -34.0])
def test_a_tail_that_is_claimed_zero_is_not_forgiven_in_wider_numbers(far):
    """Extended precision shows the slope, and the block's rounding, which forgives it, is not asked of a tail alone."""
    x = np.random.default_rng(3).normal(size=(3, 5))
    x[1, 2] = far
    for factor, verified_ in ((0.0, False), (1.0, True)):
        factors = np.where(x == far, factor, 1.0)
        pull = lambda i, u, f=factors: (u * f / (1 + np.exp(-i[0])),)  # noqa: E731
        found = verdicts(lambda rng, p=pull: adapt.vjp(lambda x: np.log1p(np.exp(x)), p, x, names=("x",), name="sp"))
        assert (set(found) == {Verdict.AGREES}) == verified_


@pytest.mark.parametrize("factor", [1.0, 1 + 1e-6])
def test_a_faint_entry_is_repeated_until_a_mistake_in_it_would_show(factor):
    """exp(x) − 1 at −22.6 has a slope of 1e-10, of which ten digits are there in extended precision."""
    x = np.random.default_rng(5).uniform(-30, -14, (3, 5))
    x[0, 2] = -22.56
    factors = np.where(x == -22.56, factor, 1.0)
    pull = lambda i, u: (u * np.exp(i[0]) * factors,)  # noqa: E731
    found = verdicts(lambda rng: adapt.vjp(lambda x: np.exp(x) - 1, pull, x, names=("x",), name="elu"), range(6))
    assert (Verdict.AGREES in found) == (factor == 1.0)


def test_an_input_without_axes_beside_faint_entries_is_measured():
    """Its direction is a number to numpy, and no mask can be put on one."""

    def pull(inputs, u):
        s = special.expit(inputs[0] + inputs[1])
        return u * s * (1 - s), np.asarray((u * s * (1 - s)).sum())

    def target(rng):
        x, b = np.array([27.0, 30.0, 26.0]), np.array(0.2)
        return adapt.vjp(lambda x, b: special.expit(x + b), pull, x, b, names=("x", "b"), name="sigmoid")

    assert Verdict.RAISED not in verdicts(target, range(5))


@pytest.mark.parametrize("dtype", [np.float64, pytest.param(np.float32, marks=pytest.mark.slow)])
def test_a_term_that_a_one_absorbs_is_not_missed_in_an_entropy(dtype):
    """Where one class has nearly all, log Σ exp is its logit, and a term of one in |log p| of the others is gone."""

    def log_softmax(x):
        shifted = x - x.max(axis=-1, keepdims=True)
        return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))

    def entropy(x):
        logs = log_softmax(x)
        return -(np.exp(logs) * logs).sum(axis=-1)

    def pull(factor):
        def pulled(inputs, u):
            logs = log_softmax(inputs[0])
            return (-factor * u[:, None] * np.exp(logs) * (logs + entropy(inputs[0])[:, None]),)

        return pulled

    def target(rng, factor):
        x = (20 * rng.standard_normal((5, 7))).astype(dtype)
        return adapt.vjp(entropy, pull(factor), x, names=("x",), name="entropy")

    assert not any(verdict.wrong for verdict in verdicts(lambda rng: target(rng, dtype(1)), range(6)))
    assert Verdict.AGREES not in verdicts(lambda rng: target(rng, dtype(1.01)), range(6))


@pytest.mark.parametrize("tiny", [1e-200, 1e-300, 5e-324])
def test_numbers_whose_square_is_gone_do_not_raise(tiny):
    x = np.array([tiny, 0.7, -2.0, 3.0])
    pull = lambda slope: lambda i, u: (u * slope * (i[0] > 0),)  # noqa: E731
    for slope in (1.0, 2.0):
        target = adapt.vjp(lambda x: np.maximum(x, 0), pull(slope), x, names=("x",), name="relu")
        verdict = gradcheck.check(target, seed=1).verdict
        assert verdict is not Verdict.RAISED
        assert verdict.wrong == (slope == 2.0)
