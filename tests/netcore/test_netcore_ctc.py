"""CTC against the sum over all paths, and against torch."""

import itertools

import numpy as np
import pytest

from netcore import CTC

RNG = np.random.default_rng(91)
Y = np.array([[1, 2, 2], [3, -1, -1], [2, 1, -1], [-1, -1, -1]])
Y_HAT = 2 * RNG.normal(size=(4, 5, 4))


def spelt(path):
    return [k for k, _ in itertools.groupby(path) if k != 0]


def test_the_loss_is_that_of_all_paths_together():
    p = np.exp(Y_HAT) / np.exp(Y_HAT).sum(axis=2, keepdims=True)
    expected = []
    for row in range(4):
        labels = [k for k in Y[row] if k >= 0]
        paths = [path for path in itertools.product(range(4), repeat=5) if spelt(path) == labels]
        expected.append(-np.log(sum(np.prod(p[row, range(5), path]) for path in paths)))
    np.testing.assert_allclose(CTC(reduction="none")(Y, Y_HAT), expected, rtol=1e-12)


def test_value_and_gradient_are_torchs():
    torch = pytest.importorskip("torch")
    guess = torch.tensor(Y_HAT, requires_grad=True)
    logs = guess.log_softmax(-1).transpose(0, 1)
    counts = (Y >= 0).sum(axis=1)
    flat = torch.tensor(np.concatenate([row[:n] for row, n in zip(Y, counts, strict=True)]))
    steps = torch.full((4,), 5)
    value = torch.nn.functional.ctc_loss(logs, flat, steps, torch.tensor(counts), reduction="sum")
    value.backward()
    loss = CTC(reduction="sum")
    np.testing.assert_allclose(loss(Y, Y_HAT), value.item(), rtol=1e-12)
    np.testing.assert_allclose(loss.grad(Y, Y_HAT), guess.grad.numpy(), rtol=1e-9, atol=1e-12)


def test_each_step_of_the_gradient_sums_to_zero_as_a_softmax_must():
    np.testing.assert_allclose(CTC().grad(Y, Y_HAT).sum(axis=2), 0, atol=1e-14)


def test_hundreds_of_steps_do_not_underflow():
    y_hat = 5 * RNG.normal(size=(2, 400, 6))
    y = RNG.integers(1, 6, size=(2, 40))
    assert 100 < CTC()(y, y_hat) < 1e5
    assert np.all(np.isfinite(CTC().grad(y, y_hat)))


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.array([[1, 0]] * 4), r"labels below 4 other than the blank 0"),
        (np.array([[1, 4]] * 4), r"labels below 4 other than the blank 0"),
        (np.array([[-1, 1]] * 4), r"then -1, but got y="),
        (np.array([[1, 1, 1, 2]] * 4), r"at least 6 steps for the labels but got y_hat.shape=\(4, 5, 4\)"),
        (np.ones((4, 2)), r"Expected integers y \(batch, most\)"),
        (np.ones((3, 2), int), r"Expected integers y \(batch, most\)"),
    ],
)
def test_labels_that_cannot_be_spelt_are_refused(y, message):
    for call in (CTC(), CTC().grad):
        with pytest.raises(ValueError, match=message):
            call(y, Y_HAT)
