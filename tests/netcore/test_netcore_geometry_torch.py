"""Layers against torch in geometries that Hypothesis draws: output and every gradient."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netcore import (
    GRU,
    LSTM,
    RNN,
    AvgPool2d,
    Bidirectional,
    Conv1d,
    Conv2d,
    ConvTranspose2d,
    GroupNorm,
    MaxPool2d,
    MultiHeadAttention,
)

torch = pytest.importorskip("torch")
netcore_torch = pytest.importorskip("netcore_torch")
F = torch.nn.functional
DRAWN = settings(max_examples=25, deadline=None)
SMALL = st.tuples(st.integers(1, 3), st.integers(1, 3))
SEED = st.integers(0, 99)


def compare(layer, theirs, x, rng, params=None):
    netcore_torch.compare(layer, theirs, x, params, rng=rng)


@DRAWN
@given(SMALL, SMALL, SMALL, st.tuples(st.integers(0, 3), st.integers(0, 3)), st.integers(1, 3), st.data())
def test_convolution_is_torchs_in_any_geometry(kernel, stride, dilation, padding, groups, data):
    n_in, n_out = groups * data.draw(st.integers(1, 2)), groups * data.draw(st.integers(1, 3))
    reach = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    size = [max(1, r - 2 * p) + data.draw(st.integers(0, 5)) for r, p in zip(reach, padding, strict=True)]
    rng, batch = np.random.default_rng(data.draw(SEED)), data.draw(st.integers(0, 3))
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    compare(
        Conv2d(n_in, n_out, kernel, **options),
        lambda x, p: F.conv2d(x, p["W"], p["b"], **options),
        rng.normal(size=(batch, n_in, *size)),
        rng,
    )
    first = {name: value if name == "groups" else value[0] for name, value in options.items()}
    compare(
        Conv1d(n_in, n_out, kernel[0], **first),
        lambda x, p: F.conv1d(x, p["W"], p["b"], **first),
        rng.normal(size=(batch + 1, n_in, size[0])),
        rng,
    )


@DRAWN
@given(SMALL, SMALL, SMALL, st.tuples(st.integers(0, 2), st.integers(0, 2)), st.data())
def test_transposed_convolution_is_torchs_in_any_geometry(kernel, stride, dilation, padding, data):
    extra = data.draw(st.integers(0, min(stride) - 1))
    n_in, n_out, batch = (data.draw(st.integers(1, 3)) for _ in range(3))
    size = [data.draw(st.integers(5, 6)) for _ in range(2)]  # at least 2 padding + 1, so that something is left
    rng = np.random.default_rng(data.draw(SEED))
    compare(
        ConvTranspose2d(n_in, n_out, kernel, stride=stride, padding=padding, dilation=dilation, extra=extra),
        lambda x, p: F.conv_transpose2d(x, p["W"], p["b"], stride, padding, extra, 1, dilation),
        rng.normal(size=(batch, n_in, *size)),
        rng,
    )


@DRAWN
@given(SMALL, st.one_of(st.none(), SMALL), st.booleans(), st.booleans(), st.data())
def test_pooling_is_torchs_in_any_geometry(kernel, stride, count_padding, ties, data):
    padding = tuple(data.draw(st.integers(0, k // 2)) for k in kernel)
    size = [k + data.draw(st.integers(0, 5)) for k in kernel]
    rng = np.random.default_rng(data.draw(SEED))
    x = rng.normal(size=(2, data.draw(st.integers(1, 3)), *size))
    x = np.round(x) if ties else x  # of equals the first wins, there as here
    compare(
        MaxPool2d(kernel, stride=stride, padding=padding), lambda x, _: F.max_pool2d(x, kernel, stride, padding), x, rng
    )
    compare(
        AvgPool2d(kernel, stride=stride, padding=padding, count_padding=count_padding),
        lambda x, _: F.avg_pool2d(x, kernel, stride, padding, count_include_pad=count_padding),
        x,
        rng,
    )


@DRAWN
@given(st.integers(1, 3), st.integers(1, 3), st.lists(st.integers(2, 4), min_size=1, max_size=2), SEED)
def test_group_norm_is_torchs_for_any_groups_and_axes(groups, each, size, seed):
    rng = np.random.default_rng(seed)
    compare(
        GroupNorm(groups, groups * each),
        lambda x, p: F.group_norm(x, groups, p["gamma"], p["beta"]),
        rng.normal(size=(2, groups * each, *size)),
        rng,
    )


@DRAWN
@given(st.sampled_from([RNN, LSTM, GRU]), st.booleans(), st.tuples(*[st.integers(1, 4)] * 4), SEED)
def test_a_recurrent_layer_run_both_ways_is_torchs(kind, sequences, sizes, seed):
    batch, time, n_in, n = sizes
    rng = np.random.default_rng(seed)
    theirs = getattr(torch.nn, kind.__name__)(n_in, n, batch_first=True, bidirectional=True).double()
    gates = {RNN: [0], LSTM: [0, 1, 3, 2], GRU: [0, 1, 2]}[kind]  # torch: i, f, g, o; ours: i, f, o, g
    order = np.concatenate([np.arange(n) + n * gate for gate in gates])

    def run(x, p):
        named = {}
        for way, suffix in enumerate(("", "_reverse")):
            none = torch.zeros((len(gates) - (kind is GRU)) * n, dtype=x.dtype)
            named[f"weight_ih_l0{suffix}"] = p[f"{way}.W"][:, order].T
            named[f"weight_hh_l0{suffix}"] = p[f"{way}.U"][:, order].T
            named[f"bias_ih_l0{suffix}"] = p[f"{way}.b"][0, order]
            named[f"bias_hh_l0{suffix}"] = torch.cat([none, p[f"{way}.c"][0]]) if kind is GRU else none
        y, last = torch.func.functional_call(theirs, named, (x,))
        last = last[0] if kind is LSTM else last
        return y if sequences else torch.cat(list(last), dim=-1)

    compare(Bidirectional(kind(n_in, n, sequences=sequences)), run, rng.normal(size=(batch, time, n_in)), rng)


@DRAWN
@given(st.booleans(), st.booleans(), st.booleans(), st.integers(1, 3), st.integers(1, 2), st.data())
def test_multi_head_attention_is_torchs_with_every_option(causal, rotary, memory, heads, pairs, data):
    n, d = heads * pairs * 2, pairs * 2
    queries = data.draw(st.integers(1, 4))
    keys = queries + data.draw(st.integers(0, 2)) if memory else queries
    rng = np.random.default_rng(data.draw(SEED))
    angle = torch.arange(6)[:, None] * 10000.0 ** (-torch.arange(0, d, 2, dtype=torch.float64) / d)

    def turned(x):
        """Pairs of features as complex numbers, times e^{i angle}."""
        z = torch.view_as_complex(x.reshape(*x.shape[:-1], pairs, 2).contiguous())
        return torch.view_as_real(z * torch.polar(torch.ones_like(angle), angle)[: x.shape[-2]]).reshape(x.shape)

    def run(x, p):
        of_q, of_kv = x if memory else (x, x)
        q, k, v = (
            (of @ p["W"][:, i * n : (i + 1) * n] + p["b"][0, i * n : (i + 1) * n])
            .reshape(2, of.shape[1], heads, d)
            .transpose(1, 2)
            for i, of in enumerate((of_q, of_kv, of_kv))
        )
        q, k = (turned(q), turned(k)) if rotary else (q, k)
        seen = torch.ones(queries, keys, dtype=torch.bool).tril(keys - queries) if causal else None
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=seen)
        return y.transpose(1, 2).reshape(2, queries, n) @ p["V"] + p["c"][0]

    x = rng.normal(size=(2, queries, n))
    x = (x, rng.normal(size=(2, keys, n))) if memory else x
    compare(MultiHeadAttention(n, heads, causal=causal, rotary=rotary), run, x, rng)
