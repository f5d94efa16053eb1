"""Recurrent layers against torch, and what the loop over time promises."""

import numpy as np
import pytest
from netcore_oracles import assert_pullback

from netcore import GRU, LSTM, RNN, Bidirectional

RNG = np.random.default_rng(41)
KINDS = [RNN, LSTM, GRU]


def drawn(layer):
    return {k: v + 0.3 * RNG.normal(size=v.shape) for k, v in layer.init(RNG).items()}


def torch_order(array, kind, n):
    """torch keeps the gates of an LSTM in the order i, f, g, o, ours are i, f, o, g; the others agree."""
    blocks = np.split(array, array.shape[1] // n, axis=1)
    return np.concatenate([blocks[k] for k in (0, 1, 3, 2)] if kind is LSTM else blocks, axis=1)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sequences", [True, False])
def test_the_layer_and_its_gradients_are_torchs(kind, sequences):
    torch = pytest.importorskip("torch")
    layer, n = kind(3, 5, sequences=sequences), 5
    params = drawn(layer)
    theirs = getattr(torch.nn, kind.__name__)(3, 5, batch_first=True, dtype=torch.float64)
    hidden_bias = np.zeros((1, params["b"].size))
    if kind is GRU:
        hidden_bias[:, 2 * n :] = params["c"]
    with torch.no_grad():
        for name, ours in (("weight_ih_l0", params["W"]), ("weight_hh_l0", params["U"])):
            getattr(theirs, name).copy_(torch.tensor(torch_order(ours, kind, n).T.copy()))
        theirs.bias_ih_l0.copy_(torch.tensor(torch_order(params["b"], kind, n)[0]))
        theirs.bias_hh_l0.copy_(torch.tensor(hidden_bias[0]))

    x = RNG.normal(size=(4, 7, 3))
    y, cache = layer.forward(params, x)
    dy = RNG.normal(size=y.shape)
    dx, grads = layer.backward(params, cache, dy)
    tx = torch.tensor(x, requires_grad=True)
    ty = theirs(tx)[0]
    ty = ty if sequences else ty[:, -1]
    ty.backward(torch.tensor(dy))
    np.testing.assert_allclose(y, ty.detach().numpy(), rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(dx, tx.grad.numpy(), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(
        torch_order(grads["W"], kind, n).T, theirs.weight_ih_l0.grad.numpy(), rtol=1e-10, atol=1e-12
    )
    np.testing.assert_allclose(
        torch_order(grads["U"], kind, n).T, theirs.weight_hh_l0.grad.numpy(), rtol=1e-10, atol=1e-12
    )
    np.testing.assert_allclose(
        torch_order(grads["b"], kind, n)[0], theirs.bias_ih_l0.grad.numpy(), rtol=1e-10, atol=1e-12
    )
    if kind is GRU:
        np.testing.assert_allclose(grads["c"][0], theirs.bias_hh_l0.grad.numpy()[2 * n :], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("batch", "time"), [(1, 4), (3, 1), (3, 4), (2, 0)])
@pytest.mark.parametrize(
    "options", [{}, {"sequences": False}, {"reverse": True}, {"sequences": False, "reverse": True}]
)
def test_the_pullback_is_the_derivative_for_one_row_and_for_one_or_no_step(kind, batch, time, options):
    layer = kind(3, 2, **options)
    assert_pullback(layer, drawn(layer), RNG.normal(size=(batch, time, 3)))


@pytest.mark.parametrize("kind", KINDS)
def test_running_in_reverse_is_running_over_the_reversed_sequence(kind):
    params, x = drawn(kind(3, 2)), RNG.normal(size=(4, 5, 3))
    back, _ = kind(3, 2, reverse=True).forward(params, x)
    ahead, _ = kind(3, 2).forward(params, x[:, ::-1])
    np.testing.assert_array_equal(back, ahead[:, ::-1])


@pytest.mark.parametrize("kind", KINDS)
def test_the_last_state_is_the_last_of_all_states_and_no_state_sees_what_comes_after(kind):
    params, x = drawn(kind(3, 2)), RNG.normal(size=(4, 5, 3))
    every, _ = kind(3, 2).forward(params, x)
    last, _ = kind(3, 2, sequences=False).forward(params, x)
    np.testing.assert_array_equal(every[:, -1], last)
    np.testing.assert_allclose(kind(3, 2).forward(params, x[:, :3])[0], every[:, :3], rtol=1e-12)


def test_a_sequence_of_the_wrong_shape_is_refused():
    with pytest.raises(ValueError, match=r"Expected x of shape \(batch, time, 3\) but got x.shape=\(2, 3\)"):
        LSTM(3, 2).forward(drawn(LSTM(3, 2)), np.zeros((2, 3)))


def test_a_layer_run_both_ways_is_the_two_side_by_side():
    layer = Bidirectional(GRU(3, 2))
    params, x = drawn(layer), RNG.normal(size=(4, 5, 3))
    y, _ = layer.forward(params, x)
    ahead = {k[2:]: v for k, v in params.items() if k.startswith("0.")}
    np.testing.assert_array_equal(y[..., :2], GRU(3, 2).forward(ahead, x)[0])
    assert y.shape == (4, 5, 4)
