"""Losses against their formulas, differences, and the ends of their domains."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from netcore_oracles import assert_close, gradient

import netcore
from netcore import MSE, LogLoss


@given(
    rows=st.integers(1, 6),
    columns=st.integers(1, 5),
    seed=st.integers(0, 999),
    reduction=st.sampled_from(["mean", "sum"]),
)
def test_grad_is_the_derivative_of_the_call_for_any_number_of_outputs(rows, columns, seed, reduction):
    rng = np.random.default_rng(seed)
    y, y_hat = rng.normal(size=(2, rows, columns))
    p, p_hat = rng.uniform(0.2, 0.8, size=(2, rows, columns))
    for loss, truth, guess in ((MSE(reduction=reduction), y, y_hat), (LogLoss(reduction=reduction), p, p_hat)):
        measured = gradient(lambda a, loss=loss, truth=truth: loss(truth, a), guess)
        assert_close(loss.grad(truth, guess), measured, loss(truth, guess), tolerance=1e-7)  # log: f^(7) ≤ 720 / 0.2^7


def test_mse_is_the_mean_over_all_entries():
    y, y_hat = np.array([[1.0, 2.0], [3.0, 5.0], [0.0, 1.0]]), np.array([[2.0, 2.0], [3.0, 8.0], [0.0, -1.0]])
    assert MSE()(y, y_hat) == (1 + 9 + 4) / 6
    assert MSE(reduction="sum")(y, y_hat) == 14
    np.testing.assert_array_equal(MSE(reduction="none")(y, y_hat), [[1, 0], [0, 9], [0, 4]])
    np.testing.assert_array_equal(MSE().grad(y, y_hat), 2 * (y_hat - y) / 6)


def test_logloss_of_an_even_guess_is_log_two():
    assert LogLoss()(np.array([[0.0], [1.0]]), np.array([[0.5], [0.5]])) == pytest.approx(math.log(2), rel=1e-15)


@pytest.mark.parametrize(("dtype", "most"), [(np.float64, 53 * math.log(2)), (np.float32, 24 * math.log(2))])
def test_logloss_at_certain_predictions_is_finite_and_flat_where_wrong(dtype, most):
    y, y_hat = np.array([[0, 1, 0, 1]], dtype).T, np.array([[0, 0, 1, 1]], dtype).T
    value = LogLoss(reduction="none")(y, y_hat)
    np.testing.assert_allclose(value, [[0], [most], [most], [0]], rtol=1e-6)
    # Inside the domain the right ones have slope 1 and -1; the wrong ones lie on the floor.
    np.testing.assert_array_equal(LogLoss(reduction="none").grad(y, y_hat), [[1], [0], [0], [-1]])


@pytest.mark.parametrize("wrong", [-0.25, 1.5])
def test_logloss_outside_its_domain_says_so(wrong):
    y, y_hat = np.array([[1.0], [0.0]]), np.array([[0.5], [wrong]])
    for call in (LogLoss(), LogLoss().grad):
        with pytest.raises(ValueError, match=rf"Expected y_hat in \[0, 1\] but got y_hat={wrong}.*sigmoid"):
            call(y, y_hat)


@pytest.mark.parametrize("loss", [MSE(), LogLoss()])
def test_shapes_that_would_broadcast_are_refused(loss):
    y, y_hat = np.full(5, 0.5), np.full((5, 1), 0.5)
    for call in (loss, loss.grad):
        with pytest.raises(ValueError, match=r"one shape but got y.shape=\(5,\) and y_hat.shape=\(5, 1\)"):
            call(y, y_hat)


@pytest.mark.parametrize("loss", [MSE(), LogLoss()])
def test_the_gradient_keeps_float32_and_an_empty_batch_costs_nothing(loss):
    y, y_hat = np.random.default_rng(3).uniform(0.1, 0.9, size=(2, 4, 3)).astype(np.float32)
    assert loss.grad(y, y_hat).dtype == np.float32
    assert type(loss(y, y_hat)) is float
    assert loss(y[:0], y_hat[:0]) == 0.0
    assert loss.grad(y[:0], y_hat[:0]).shape == (0, 3)


def test_an_unknown_reduction_is_refused():
    with pytest.raises(ValueError, match=r"Expected reduction one of .* got reduction='men'; did you mean 'mean'\?"):
        netcore.MSE(reduction="men")(np.zeros((2, 3)), np.zeros((2, 3)))
