"""Attention, positions and the transformer block."""

import numpy as np
import pytest
from netcore_oracles import assert_pullback

from netcore import Attention, LearnedPositions, MultiHeadAttention, Rotary, SinePositions, TransformerBlock

RNG = np.random.default_rng(51)
Q, K, V = RNG.normal(size=(2, 3, 4, 6)), RNG.normal(size=(2, 3, 5, 6)), RNG.normal(size=(2, 3, 5, 7))
MASK = RNG.uniform(size=(2, 1, 4, 5)) < 0.7
MASK[..., 0] = True  # torch has NaN for a query that sees nothing


def drawn(layer):
    return {k: v + 0.2 * RNG.normal(size=v.shape) for k, v in layer.init(RNG).items()}


@pytest.mark.parametrize("mask", [None, MASK])
def test_attention_and_its_gradients_are_torchs(mask):
    torch = pytest.importorskip("torch")
    y, cache = Attention().forward({}, (Q, K, V), mask=mask)
    dy = RNG.normal(size=y.shape)
    grads, _ = Attention().backward({}, cache, dy)
    tensors = [torch.tensor(a, requires_grad=True) for a in (Q, K, V)]
    their_mask = None if mask is None else torch.tensor(mask)
    ty = torch.nn.functional.scaled_dot_product_attention(*tensors, attn_mask=their_mask)
    ty.backward(torch.tensor(dy))
    np.testing.assert_allclose(y, ty.detach().numpy(), rtol=1e-12, atol=1e-14)
    for mine, theirs in zip(grads, tensors, strict=True):
        np.testing.assert_allclose(mine, theirs.grad.numpy(), rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("causal", [False, True])
def test_multi_head_attention_and_its_gradients_are_torchs(causal):
    torch = pytest.importorskip("torch")
    layer = MultiHeadAttention(6, 3, causal=causal)
    params, x = drawn(layer), RNG.normal(size=(2, 5, 6))
    theirs = torch.nn.MultiheadAttention(6, 3, batch_first=True, dtype=torch.float64)
    names = {"in_proj_weight": "W", "in_proj_bias": "b", "out_proj.weight": "V", "out_proj.bias": "c"}
    with torch.no_grad():
        for name, p in theirs.named_parameters():
            ours = params[names[name]]
            p.copy_(torch.tensor(ours.T.copy() if p.ndim == 2 else ours[0]))
    y, cache = layer.forward(params, x)
    dy = RNG.normal(size=y.shape)
    dx, grads = layer.backward(params, cache, dy)
    tx = torch.tensor(x, requires_grad=True)
    hidden = torch.triu(torch.ones(5, 5, dtype=torch.bool), 1) if causal else None  # theirs: True is not to be seen
    ty = theirs(tx, tx, tx, attn_mask=hidden, need_weights=False)[0]
    ty.backward(torch.tensor(dy))
    np.testing.assert_allclose(y, ty.detach().numpy(), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(dx, tx.grad.numpy(), rtol=1e-11, atol=1e-13)
    for name, p in theirs.named_parameters():
        g = grads[names[name]]
        np.testing.assert_allclose(g.T if p.ndim == 2 else g[0], p.grad.numpy(), rtol=1e-11, atol=1e-12)


def test_a_transformer_block_is_torchs_with_the_norm_first():
    torch = pytest.importorskip("torch")
    layer = TransformerBlock(6, 3, hidden=7)
    params, x = drawn(layer), RNG.normal(size=(2, 5, 6))
    theirs = torch.nn.TransformerEncoderLayer(
        6, 3, 7, dropout=0.0, activation="gelu", batch_first=True, norm_first=True, dtype=torch.float64
    )
    names = {
        "self_attn.in_proj_weight": "0.1.W", "self_attn.in_proj_bias": "0.1.b",
        "self_attn.out_proj.weight": "0.1.V", "self_attn.out_proj.bias": "0.1.c",
        "linear1.weight": "1.1.W", "linear1.bias": "1.1.b", "linear2.weight": "1.3.W", "linear2.bias": "1.3.b",
        "norm1.weight": "0.0.gamma", "norm1.bias": "0.0.beta", "norm2.weight": "1.0.gamma", "norm2.bias": "1.0.beta",
    }  # fmt: skip
    with torch.no_grad():
        for name, p in theirs.named_parameters():
            p.copy_(torch.tensor(params[names[name]].T.copy()).reshape(p.shape))
    y, cache = layer.forward(params, x)
    dy = RNG.normal(size=y.shape)
    dx, grads = layer.backward(params, cache, dy)
    tx = torch.tensor(x, requires_grad=True)
    ty = theirs(tx)
    ty.backward(torch.tensor(dy))
    np.testing.assert_allclose(y, ty.detach().numpy(), rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(dx, tx.grad.numpy(), rtol=1e-10, atol=1e-12)
    for name, p in theirs.named_parameters():
        np.testing.assert_allclose(grads[names[name]].T.reshape(p.shape), p.grad.numpy(), rtol=1e-10, atol=1e-12)


def test_a_query_that_may_see_no_key_gets_zero_and_gives_no_gradient():
    mask = np.ones((4, 5), bool)
    mask[2] = False
    y, cache = Attention().forward({}, (Q, K, V), mask=mask)
    assert not np.any(y[..., 2, :])
    dq, _, _ = Attention().backward({}, cache, RNG.normal(size=y.shape))[0]
    assert not np.any(dq[..., 2, :])
    assert np.all(np.isfinite(dq))


def test_nothing_causal_depends_on_what_comes_after():
    layer = TransformerBlock(6, 2, causal=True, rotary=False)
    params, x = drawn(layer), RNG.normal(size=(2, 5, 6))
    whole, _ = layer.forward(params, x)
    start, _ = layer.forward(params, x[:, :3])
    np.testing.assert_allclose(whole[:, :3], start, rtol=1e-12, atol=1e-13)


def test_hidden_keys_might_as_well_not_be_there():
    layer = MultiHeadAttention(6, 3)
    params, x = drawn(layer), RNG.normal(size=(2, 5, 6))
    masked, _ = layer.forward(params, x, mask=np.array([[True, True, True, False, False]] * 2))
    short, _ = layer.forward(params, (x, x[:, :3]))
    np.testing.assert_allclose(masked, short, rtol=1e-12, atol=1e-14)


def test_huge_scores_do_not_overflow():
    y, cache = Attention().forward({}, (1e4 * Q, 1e4 * K, V))
    assert np.all(np.isfinite(y))
    assert all(np.all(np.isfinite(d)) for d in Attention().backward({}, cache, np.ones_like(y))[0])


def test_rotary_turns_pairs_of_features_like_complex_numbers():
    x = RNG.normal(size=(2, 5, 6))
    z = x[..., 0::2] + 1j * x[..., 1::2]
    turned = z * np.exp(1j * np.arange(5)[:, None] * 10000.0 ** (-np.arange(3) / 3))
    y, _ = Rotary().forward({}, x)
    np.testing.assert_allclose(y[..., 0::2], turned.real, rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(y[..., 1::2], turned.imag, rtol=1e-13, atol=1e-15)


def test_products_of_rotated_vectors_depend_on_the_distance_in_time_only():
    q, k = (np.broadcast_to(RNG.normal(size=6), (7, 6)) for _ in range(2))
    products = Rotary().forward({}, q)[0] @ Rotary().forward({}, k)[0].T
    for offset in range(-6, 7):
        diagonal = np.diagonal(products, offset)
        np.testing.assert_allclose(diagonal, diagonal[0], rtol=1e-12, atol=1e-13)


def test_sine_positions_are_sines_and_cosines_of_time():
    y, _ = SinePositions().forward({}, np.zeros((2, 5, 4)))
    t = np.arange(5)
    np.testing.assert_allclose(
        y[1], np.stack([np.sin(t), np.cos(t), np.sin(t / 100), np.cos(t / 100)], axis=1), rtol=1e-13
    )


@pytest.mark.parametrize("time", [1, 4])
def test_learned_positions_give_no_gradient_to_places_that_were_not_reached(time):
    layer = LearnedPositions(4, 3)
    params = drawn(layer)
    x = RNG.normal(size=(2, time, 3))
    assert_pullback(layer, params, x)
    _, cache = layer.forward(params, x)
    assert not np.any(layer.backward(params, cache, x)[1]["P"][time:])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: MultiHeadAttention(5, 2), r"heads to divide n=5 but got heads=2"),
        (lambda: MultiHeadAttention(4, 2).forward({}, np.zeros((2, 4))), r"Expected x of shape \(batch, time, 4\)"),
        (lambda: Rotary().forward({}, np.zeros((2, 3, 5))), r"an even last axis for rotary positions"),
        (lambda: LearnedPositions(4, 3).forward({}, np.zeros((2, 5, 3))), r"time up to 4 but got x.shape=\(2, 5, 3\)"),
        (lambda: Attention().forward({}, (Q, K, V[..., :4, :])), r"k, v of as many keys but got shapes"),
    ],
)
def test_what_cannot_be_attended_to_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
