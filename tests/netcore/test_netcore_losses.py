"""Losses against their formulas, differences, and the ends of their domains."""

import dataclasses
import math

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from netcore_oracles import assert_close, gradient, slope

import netcore
from netcore import MSE, NLL, CrossEntropy, Focal, LogCosh, LogLoss, LogLossWithLogits


@settings(deadline=None)
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


SMOOTH = {
    "mse": "any", "log_cosh": "any", "poisson": "any", "logloss_with_logits": "unit", "focal": "unit",
    "squared_hinge": "any", "cosine": "any", "kl": "unit", "cross_entropy": "labels", "nll": "labels",
}  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    name=st.sampled_from(sorted(SMOOTH)),
    shape=st.lists(st.integers(1, 4), min_size=1, max_size=2),
    columns=st.integers(2, 5),
    reduction=st.sampled_from(["mean", "sum"]),
    seed=st.integers(0, 999),
)
def test_grad_is_the_derivative_of_every_smooth_loss_in_any_shape(name, shape, columns, reduction, seed):
    rng = np.random.default_rng(seed)
    y_hat = rng.normal(size=(*shape, columns))
    y = {
        "any": rng.normal(size=y_hat.shape), "unit": rng.uniform(size=y_hat.shape),
        "labels": rng.integers(0, columns, size=shape),
    }[SMOOTH[name]]  # fmt: skip
    loss = dataclasses.replace(netcore.LOSSES[name], reduction=reduction)
    if name == "squared_hinge":
        loss = dataclasses.replace(loss, margin=-99.0 if seed % 2 else 99.0)  # its curvature jumps at the margin
    v = 0.1 * rng.normal(size=y_hat.shape)
    # The angle bends as 1 / |ŷ|, and its seventh derivative as the seventh power of that.
    y_hat = y_hat + np.sign(y_hat)
    measured = slope(lambda a: loss(y, a), y_hat, v)
    assert_close(np.sum(loss.grad(y, y_hat) * v), np.array(measured), abs(loss(y, y_hat)) + np.sum(np.abs(v)))


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


@pytest.mark.parametrize("name", netcore.LOSSES)
def test_every_loss_keeps_float32_and_costs_nothing_for_an_empty_batch(name):
    loss, rng = netcore.LOSSES[name], np.random.default_rng(4)
    y_hat = rng.uniform(0.1, 0.9, size={"contrastive": (5, 2, 3), "ctc": (5, 4, 3)}.get(name, (5, 3))).astype(
        np.float32
    )
    y = {
        "cross_entropy": np.arange(5) % 3,
        "nll": np.arange(5) % 3,
        "contrastive": np.arange(5) % 2,
        "ctc": np.array([[1, -1]] * 5),
    }.get(name)
    y = rng.uniform(0.1, 0.9, size=(5, 3)) if y is None else y  # float64 on purpose
    assert type(loss(y, y_hat)) is float
    assert loss.grad(y, y_hat).dtype == np.float32
    assert loss(y[:0], y_hat[:0]) == 0.0
    assert loss.grad(y[:0], y_hat[:0]).shape == y_hat[:0].shape
    apart = np.repeat(y_hat, 2, axis=-1)[..., ::2]
    np.testing.assert_array_equal(loss.grad(y, apart), loss.grad(y, y_hat))


@pytest.mark.parametrize("loss", [LogLossWithLogits(), CrossEntropy(), Focal(), LogCosh()])
def test_logits_of_a_thousand_are_nothing_special(loss):
    y_hat = np.array([[-1000.0, 1000.0], [1000.0, -1000.0], [0.0, 1000.0]])
    y = np.array([1, 1, 0]) if isinstance(loss, CrossEntropy) else np.eye(2)[[1, 1, 0]]
    assert math.isfinite(loss(y, y_hat))
    assert np.all(np.isfinite(loss.grad(y, y_hat)))
    if isinstance(loss, LogLossWithLogits):
        assert loss(y, y_hat) == pytest.approx((0 + 0 + 1000 + 1000 + math.log(2) + 1000) / 6, rel=1e-15)


@pytest.mark.parametrize("name", sorted(set(netcore.LOSSES) - {"mse", "squared_hinge", "poisson", "logloss", "ctc"}))
def test_predictions_of_1e30_in_float32_neither_warn_nor_lose_the_gradient(name):
    """Of the others, two square their argument, one raises e to it, one takes probabilities; CTC is a softmax."""
    loss = netcore.LOSSES[name]
    y_hat = np.array([[1e30, -1e30, 0.0], [-1e30, 0.0, 1.0], [0.0, 1.0, 1e30]], np.float32)
    y = {"cross_entropy": np.array([1, 1, 2]), "nll": np.array([1, 0, 2])}.get(name, np.eye(3, dtype=np.float32))
    if name == "contrastive":
        y_hat, y = np.stack([y_hat, -y_hat], axis=1), np.zeros(3)
    assert math.isfinite(loss(y, y_hat))
    assert np.all(np.isfinite(loss.grad(y, y_hat)))


def test_the_cosine_does_not_depend_on_the_length():
    y, y_hat = np.random.default_rng(5).normal(size=(2, 4, 3))
    far = netcore.Cosine()(1e200 * y, 1e-5 * y_hat)
    assert far == pytest.approx(netcore.Cosine()(y, y_hat), rel=1e-14)
    np.testing.assert_allclose(netcore.Cosine().grad(y, 1e200 * y_hat) * 1e200, netcore.Cosine().grad(y, y_hat))


@pytest.mark.parametrize(
    ("loss", "y"),
    [(CrossEntropy(), np.array([1, 0])), (NLL(), np.array([1, 0])), *((f(), None) for f in (CrossEntropy, netcore.KL))],
)
def test_a_class_that_is_ruled_out_costs_nothing_where_it_is_not_the_target(loss, y):
    y = np.array([[0.0, 1.0, 0.0], [0.25, 0.75, 0.0]]) if y is None else y
    ruled_out = np.array([[-np.inf, 0.0, -np.inf], [np.log(0.5), np.log(0.5), -np.inf]])
    unlikely = np.maximum(ruled_out, -700.0)
    assert loss(y, ruled_out) == pytest.approx(loss(y, unlikely), rel=1e-15)
    np.testing.assert_allclose(loss.grad(y, ruled_out), loss.grad(y, unlikely), atol=1e-15)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: netcore.Huber(delta=0.0), r"delta above 0 but got delta=0.0"),
        (lambda: netcore.SmoothL1(beta=-1.0), r"beta above 0"),
        (lambda: netcore.Quantile(q=1.5), r"q in \[0, 1\] but got q=1.5"),
        (lambda: Focal(gamma=math.nan), r"gamma at least 0 but got gamma=nan"),
        (lambda: CrossEntropy(label_smoothing=1.5), r"label_smoothing in \[0, 1\]"),
    ],
)
def test_options_outside_their_range_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("d", [1e-9, 1e-3, 0.5, 0.999999, 1.0, 3.0, 40.0, 1000.0])
def test_log_cosh_is_accurate_to_a_few_ulp_everywhere(d):
    with mp.workdps(900):
        exact = float(mp.log(mp.cosh(mp.mpf(d))))
    assert LogCosh()(np.zeros((2, 1)), np.full((2, 1), d)) == pytest.approx(exact, rel=1e-15)


@pytest.mark.parametrize(("gamma", "alpha"), [(2.0, 0.25), (0.5, 0.6), (0.0, 0.5)])
def test_focal_is_its_formula(gamma, alpha):
    z = np.array([[-3.0, -0.2, 0.0, 0.7, 4.0]]).repeat(2, axis=0)
    y = np.array([[1.0] * 5, [0.0] * 5])
    p = 1 / (1 + np.exp(-z))
    p_t, a_t = np.where(y == 1, p, 1 - p), np.where(y == 1, alpha, 1 - alpha)
    focal = Focal(gamma=gamma, alpha=alpha, reduction="none")
    np.testing.assert_allclose(focal(y, z), -a_t * (1 - p_t) ** gamma * np.log(p_t), rtol=1e-13)


def test_the_best_constant_for_the_quantile_loss_is_the_quantile():
    y = np.random.default_rng(1).normal(size=(101, 1))
    loss = netcore.Quantile(q=0.3)
    best = np.quantile(y, 0.3)  # an order statistic, number 31 of 101, where the slope changes its sign
    below, above = (loss.grad(y, np.full_like(y, best + d)).sum() for d in (-1e-9, 1e-9))
    assert below < 0 < above


@pytest.mark.parametrize(
    ("loss", "y", "y_hat", "message"),
    [
        (CrossEntropy(), np.array([0, 4]), np.zeros((2, 4)), r"labels from 0 to 3 but got y=4"),
        (CrossEntropy(), np.array([0, -1]), np.zeros((2, 4)), r"labels from 0 to 3 but got y=-1"),
        (
            CrossEntropy(),
            np.array([0.0, 1.0]),
            np.zeros((2, 4)),
            r"integers y of shape \(2,\) or prob.* float64",
        ),
        (
            CrossEntropy(class_weight=(1.0, 2.0)),
            np.array([0, 1]),
            np.zeros((2, 4)),
            r"Expected 4 class weights",
        ),
        (NLL(), np.zeros((2, 4)), np.zeros((2, 4)), r"Expected integers y of shape \(2,\)"),
        (netcore.KL(), np.zeros(2), np.zeros((2, 4)), r"one shape"),
        (
            netcore.Poisson(log_input=False),
            np.ones((2, 1)),
            np.zeros((2, 1)),
            r"Expected positive rates but got y_hat=0",
        ),
        (netcore.Contrastive(), np.ones(2), np.zeros((2, 3, 4)), r"y_hat of shape \(batch, 2, n\) but got"),
    ],
)
def test_arguments_that_a_loss_cannot_take_are_refused(loss, y, y_hat, message):
    for call in (loss, loss.grad):
        with pytest.raises(ValueError, match=message):
            call(y, y_hat)


def test_the_contrastive_loss_pulls_like_pairs_and_pushes_unlike_ones():
    pairs = np.array([[[0.0, 0.0], [0.3, 0.4]]] * 2)  # at distance 0.5
    loss = netcore.Contrastive(margin=2.0, reduction="none")
    np.testing.assert_allclose(loss(np.array([1.0, 0.0]), pairs), [0.125, 1.125])
    np.testing.assert_array_equal(loss.grad(np.array([0.0, 1.0]), np.zeros((2, 2, 3))), 0)  # no direction at d = 0
