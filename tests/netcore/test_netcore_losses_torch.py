"""Losses against torch, value and gradient, in every reduction."""

import numpy as np
import pytest

import netcore

torch = pytest.importorskip("torch")
F = torch.nn.functional
RNG = np.random.default_rng(21)
Y, Y_HAT = RNG.normal(size=(2, 5, 3))
HARD = (RNG.uniform(size=(5, 3)) < 0.5).astype(float)
P_HAT = RNG.uniform(0.05, 0.95, size=(5, 3))
LABELS = np.array([0, 3, 1, 1, 2, 0, 3])
SCORES = 3 * RNG.normal(size=(7, 4))
SOFT = RNG.dirichlet(np.ones(4), size=7)
W = (0.5, 1.0, 1.5, 2.0)


def tensor(a):
    return torch.tensor(np.asarray(a))


def classes(**options):
    """torch wants the class axis second; for two axes it is."""
    return lambda y_hat, y, reduction: F.cross_entropy(y_hat, y, reduction=reduction, **options)


PAIRS = [
    (netcore.MSE, {}, F.mse_loss, Y, Y_HAT),
    (netcore.MAE, {}, F.l1_loss, Y, Y_HAT),
    (netcore.Huber, {"delta": 0.4}, lambda a, b, reduction: F.huber_loss(a, b, reduction, delta=0.4), Y, Y_HAT),
    (
        netcore.SmoothL1,
        {"beta": 0.4},
        lambda a, b, reduction: F.smooth_l1_loss(a, b, None, None, reduction, 0.4),
        Y,
        Y_HAT,
    ),
    (netcore.LogLoss, {}, F.binary_cross_entropy, HARD, P_HAT),
    (netcore.LogLossWithLogits, {}, F.binary_cross_entropy_with_logits, HARD, 9 * Y_HAT),
    (
        netcore.LogLossWithLogits,
        {"positive_weight": 2.5},
        lambda a, b, reduction: F.binary_cross_entropy_with_logits(a, b, reduction=reduction, pos_weight=tensor(2.5)),
        HARD,
        Y_HAT,
    ),
    (netcore.Poisson, {}, lambda a, b, reduction: F.poisson_nll_loss(a, b, reduction=reduction), HARD, Y_HAT),
    (netcore.CrossEntropy, {}, classes(), LABELS, SCORES),
    (netcore.CrossEntropy, {}, classes(), SOFT, SCORES),
    (netcore.CrossEntropy, {"label_smoothing": 0.2}, classes(label_smoothing=0.2), LABELS, SCORES),
    (
        netcore.CrossEntropy,
        {"label_smoothing": 0.2, "class_weight": W},
        classes(label_smoothing=0.2, weight=tensor(W).double()),
        LABELS,
        SCORES,
    ),
    (
        netcore.CrossEntropy,
        {"label_smoothing": 0.2, "class_weight": W},
        classes(label_smoothing=0.2, weight=tensor(W).double()),
        SOFT,
        SCORES,
    ),
    (netcore.CrossEntropy, {"ignore": 1}, classes(ignore_index=1), LABELS, SCORES),
    (
        netcore.CrossEntropy,
        {"ignore": 1, "class_weight": W},
        classes(ignore_index=1, weight=tensor(W).double()),
        LABELS,
        SCORES,
    ),
    (
        netcore.NLL,
        {"class_weight": W},
        lambda a, b, reduction: F.nll_loss(a, b, weight=tensor(W).double(), reduction=reduction),
        LABELS,
        SCORES,
    ),
]


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize(("loss", "options", "theirs", "y", "y_hat"), PAIRS)
def test_value_and_gradient_are_torchs(loss, options, theirs, y, y_hat, reduction):
    mine = loss(**options, reduction=reduction)
    guess = torch.tensor(y_hat, requires_grad=True)
    value = theirs(guess, tensor(y), reduction=reduction)
    value.sum().backward()
    np.testing.assert_allclose(mine(y, y_hat), value.detach().numpy(), rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(mine.grad(y, y_hat), guess.grad.numpy(), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(("mine", "theirs"), [("mean", "batchmean"), ("sum", "sum")])
def test_the_divergence_is_torchs_with_a_mean_over_rows(mine, theirs):
    logs = np.log(RNG.dirichlet(np.ones(4), size=7))
    guess = torch.tensor(logs, requires_grad=True)
    value = F.kl_div(guess, tensor(SOFT), reduction=theirs)
    value.backward()
    loss = netcore.KL(reduction=mine)
    np.testing.assert_allclose(loss(SOFT, logs), value.item(), rtol=1e-13)
    np.testing.assert_allclose(loss.grad(SOFT, logs), guess.grad.numpy(), rtol=1e-13)


def test_the_cosine_loss_is_torchs():
    guess = torch.tensor(SCORES, requires_grad=True)
    value = F.cosine_embedding_loss(guess, tensor(SOFT), torch.ones(7))
    value.backward()
    np.testing.assert_allclose(netcore.Cosine()(SOFT, SCORES), value.item(), rtol=1e-10)  # theirs adds 1e-12 to norms²
    np.testing.assert_allclose(netcore.Cosine().grad(SOFT, SCORES), guess.grad.numpy(), rtol=1e-9, atol=1e-11)


def test_weights_are_torchs_weights():
    w = RNG.uniform(0.5, 2.0, size=(5, 1))
    guess = torch.tensor(P_HAT, requires_grad=True)
    value = F.binary_cross_entropy(guess, tensor(HARD), weight=tensor(w))
    value.backward()
    mine = netcore.Weighted(netcore.LogLoss(), w)
    np.testing.assert_allclose(mine(HARD, P_HAT), value.item(), rtol=1e-13)
    np.testing.assert_allclose(mine.grad(HARD, P_HAT), guess.grad.numpy(), rtol=1e-13)


@pytest.mark.parametrize("loss", [netcore.CrossEntropy(label_smoothing=0.2), netcore.NLL()])
def test_rows_of_classes_may_be_weighted(loss):
    w = RNG.uniform(0.5, 2.0, size=7)
    guess = torch.tensor(SCORES, requires_grad=True)
    options = {"reduction": "none"} | ({"label_smoothing": 0.2} if isinstance(loss, netcore.CrossEntropy) else {})
    theirs = F.cross_entropy if isinstance(loss, netcore.CrossEntropy) else F.nll_loss
    value = (tensor(w) * theirs(guess, tensor(LABELS), **options)).mean()
    value.backward()
    mine = netcore.Weighted(loss, w)
    np.testing.assert_allclose(mine(LABELS, SCORES), value.item(), rtol=1e-13)
    np.testing.assert_allclose(mine.grad(LABELS, SCORES), guess.grad.numpy(), rtol=1e-12, atol=1e-15)
