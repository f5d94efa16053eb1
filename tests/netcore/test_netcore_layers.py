"""Layers against differences, for shapes and sizes that Hypothesis draws, and the promises that all layers make."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from netcore_oracles import assert_pullback, slope

from netcore import (
    CELU,
    GLU,
    MSE,
    RNN,
    Add,
    AvgPool2d,
    BatchNorm,
    Conv2d,
    ConvTranspose2d,
    Dense,
    Dropout,
    Embedding,
    Exp,
    Flatten,
    GroupNorm,
    LayerNorm,
    Maxout,
    MaxPool2d,
    Pad,
    Reshape,
    Residual,
    Rotary,
    Sequential,
    Sigmoid,
    SinePositions,
    Softmax,
    Softplus,
    SwiGLU,
    Tanh,
    Upsample,
)
from netcore.layers.windows import Windows, windows


@settings(deadline=None)
@given(
    st.integers(1, 5),
    st.integers(1, 4),
    st.integers(1, 4),
    st.integers(0, 99),
    st.sampled_from(["normal", "he", "glorot"]),
)
def test_the_pullback_of_dense_is_the_derivative(batch, n_in, n_out, seed, initialiser):
    rng = np.random.default_rng(seed)
    layer = Dense(n_in, n_out, initialiser=initialiser)
    assert_pullback(layer, layer.init(rng), rng.normal(size=(batch, n_in)))


def test_dense_multiplies_and_adds():
    params = {"W": np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]), "b": np.array([[2.0, 3.0]])}
    x = np.array([[0.0, 1.0, -1.0], [2.0, -2.0, 0.0]])
    y, _ = Dense(3, 2).forward(params, x)
    np.testing.assert_array_equal(y, [[0.0, 1.0], [-2.0, -1.0]])  # the example in the notebook's docstring


def test_dense_sums_over_the_batch_and_never_averages():
    rng = np.random.default_rng(4)
    layer = Dense(3, 2)
    params, x, dy = layer.init(rng), rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
    _, whole = layer.backward(params, layer.forward(params, x)[1], dy)
    rows = [layer.backward(params, layer.forward(params, x[i : i + 1])[1], dy[i : i + 1])[1] for i in range(5)]
    for name in ("W", "b"):
        np.testing.assert_allclose(whole[name], sum(row[name] for row in rows), rtol=1e-13, atol=1e-14)


def test_sequential_names_its_parameters_by_position():
    layer = Sequential([Dense(3, 5), Sigmoid(), Sequential([Dense(5, 2)])])
    params = layer.init(np.random.default_rng(0))
    assert {name: array.shape for name, array in params.items()} == {
        "0.W": (3, 5), "0.b": (1, 5), "2.0.W": (5, 2), "2.0.b": (1, 2),
    }  # fmt: skip
    assert_pullback(layer, params, np.random.default_rng(1).normal(size=(4, 3)))


def test_more_than_ten_layers_do_not_mix_up_their_parameters():
    layer = Sequential([Dense(2 + i % 2, 3 - i % 2) for i in range(12)])
    assert_pullback(layer, {k: 0.5 * v for k, v in layer.init(np.random.default_rng(3)).items()}, np.ones((4, 2)))


@pytest.mark.parametrize(("x", "message"), [((4, 2), "batch, 3"), ((3,), "batch, 3")])
def test_an_input_of_the_wrong_size_is_refused(x, message):
    with pytest.raises(ValueError, match=rf"Expected x of shape \({message}\) but got x.shape="):
        Dense(3, 2).forward(Dense(3, 2).init(np.random.default_rng(0)), np.zeros(x))


def test_an_unknown_initialiser_is_refused_when_the_layer_is_made():
    with pytest.raises(ValueError, match=r"got initialiser='glorott'; did you mean 'glorot'\?"):
        Dense(3, 2, initialiser="glorott")


@pytest.mark.parametrize("layer", [Dense(3, 2), Dense(3, 2, bias=False), Sequential([Dense(3, 2), Tanh()])])
def test_float32_stays_float32_and_empty_and_strided_batches_work(layer):
    rng = np.random.default_rng(6)
    params = {name: array.astype(np.float32) for name, array in layer.init(rng).items()}
    x = rng.normal(size=(3, 10)).astype(np.float32).T[::2]
    for batch in (x, x[:0]):
        y, cache = layer.forward(params, batch)
        dx, dparams = layer.backward(params, cache, np.ones_like(y))
        assert (y.shape, dx.shape) == ((len(batch), 2), batch.shape)
        assert {y.dtype, dx.dtype, *(g.dtype for g in dparams.values())} == {np.dtype(np.float32)}
        assert {k: g.shape for k, g in dparams.items()} == {k: p.shape for k, p in params.items()}


@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_the_pullback_of_conv2d_is_the_derivative_for_any_geometry(data):
    kernel, stride, dilation = (data.draw(st.tuples(st.integers(1, 3), st.integers(1, 3))) for _ in range(3))
    padding = data.draw(st.tuples(st.integers(0, 2), st.integers(0, 2)))
    groups = data.draw(st.integers(1, 2))
    reach = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    size = [max(1, r - 2 * p) + data.draw(st.integers(0, 3)) for r, p in zip(reach, padding, strict=True)]
    layer = Conv2d(2 * groups, 3 * groups, kernel, stride=stride, dilation=dilation, padding=padding, groups=groups)
    rng = np.random.default_rng(7)
    assert_pullback(layer, layer.init(rng), rng.normal(size=(2, 2 * groups, *size)))


def test_transposed_convolution_is_the_adjoint_of_convolution():
    rng = np.random.default_rng(8)
    options = {"stride": 2, "padding": 1, "bias": False}
    down, up = Conv2d(3, 2, (3, 2), **options), ConvTranspose2d(2, 3, (3, 2), **options, extra=1)
    W = {"W": rng.normal(size=(2, 3, 3, 2))}
    x, y = rng.normal(size=(4, 3, 6, 7)), rng.normal(size=(4, 2, 3, 4))
    assert np.sum(down.forward(W, x)[0] * y) == pytest.approx(np.sum(x * up.forward(W, y)[0]), rel=1e-12)


def test_unfold_and_fold_are_each_others_transpose():
    rng = np.random.default_rng(9)
    geometry = windows(2, (2, 3), (2, 1), (1, 2), (1, 2))
    x = rng.normal(size=(3, 2, 5, 7))
    columns = geometry.unfold(x)
    c = rng.normal(size=columns.shape)
    assert np.sum(columns * c) == pytest.approx(np.sum(x * geometry.fold(c, (5, 7))), rel=1e-12)


def test_batch_norm_leaves_mean_zero_and_variance_one_in_training():
    layer, rng = BatchNorm(3, eps=0.0), np.random.default_rng(10)
    y, _ = layer.forward(layer.init(rng), rng.normal(5, 3, size=(7, 3, 2)), rng=rng)
    np.testing.assert_allclose(y.mean(axis=(0, 2)), 0, atol=1e-14)
    np.testing.assert_allclose(y.var(axis=(0, 2)), 1, rtol=1e-13)


def test_the_running_statistics_converge_to_those_of_the_data():
    layer, rng = BatchNorm(3), np.random.default_rng(11)
    params = layer.init(rng)
    for _ in range(400):
        _, cache = layer.forward(params, rng.normal([1, 2, 3], [0.5, 1.0, 2.0], size=(50, 3)), rng=rng)
        params |= layer.refresh(params, cache)
    # An average over about 19 batches of 50: deviations of 2/√950 for a mean and 4 √(2/950) for a variance, at most.
    np.testing.assert_allclose(params["running_mean"], [1, 2, 3], atol=5 * 2 / 950**0.5)
    np.testing.assert_allclose(params["running_var"], [0.25, 1, 4], atol=5 * 4 * (2 / 950) ** 0.5)


def test_dropout_drops_at_its_rate_keeps_the_mean_and_does_nothing_in_inference():
    x = np.ones((100, 200))
    y, cache = Dropout(0.3).forward({}, x, rng=np.random.default_rng(12))
    assert set(np.unique(y)) == {0.0, 1 / 0.7}
    assert y.mean() == pytest.approx(1, abs=5 * (0.3 / 0.7 / x.size) ** 0.5)
    np.testing.assert_array_equal(Dropout(0.3).backward({}, cache, x)[0], y)
    np.testing.assert_array_equal(Dropout(0.3).forward({}, x)[0], x)


def test_repeated_ids_add_up():
    layer = Embedding(4, 2)
    _, cache = layer.forward({"W": np.zeros((4, 2))}, np.array([[1, 3, 1], [1, 0, 3]]))
    dy = np.arange(12.0).reshape(2, 3, 2)
    dx, grads = layer.backward({}, cache, dy)
    assert dx is None
    expected = np.zeros((4, 2))
    np.add.at(expected, [1, 3, 1, 1, 0, 3], dy.reshape(6, 2))
    np.testing.assert_array_equal(grads["W"], expected)


def test_layers_below_integers_get_zero_gradients_in_a_chain():
    chain = Sequential([Reshape((3, 2)), Embedding(5, 4), Dense(4, 2)])
    params = chain.init(np.random.default_rng(13))
    y, cache = chain.forward(params, np.arange(12).reshape(2, 6) % 5)
    assert y.shape == (2, 3, 2, 2)
    dx, grads = chain.backward(params, cache, np.ones_like(y))
    assert dx is None
    assert grads.keys() == params.keys()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Conv2d(3, 4, 2, groups=2), r"groups to divide n_in=3 and n_out=4 but got groups=2"),
        (lambda: Conv2d(3, 4, (2, 2, 2)).windows, r"kernel a number of at least 1, or 2 of them, but got kernel="),
        (lambda: Conv2d(3, 4, 0).windows, r"kernel a number of at least 1"),
        (
            lambda: run(Conv2d(3, 4, 5), (2, 3, 4, 4)),
            r"size at least \(5, 5\) with padding .* but got size=\(4, 4\)",
        ),
        (lambda: run(Conv2d(3, 4, 2), (2, 4, 4, 4)), r"Expected x of shape \(batch, 3, size, size\)"),
        (lambda: run(ConvTranspose2d(3, 4, 2, stride=2, extra=2), (2, 3, 4, 4)), r"extra less than the stride"),
        (lambda: run(MaxPool2d(2, padding=2), (2, 3, 4, 4)), r"padding of at most half the kernel"),
        (lambda: GroupNorm(3, 4), r"groups to divide channels=4 but got groups=3"),
        (lambda: Dropout(1.0), r"rate in \[0, 1\) but got rate=1.0"),
        (lambda: run(BatchNorm(3), (2, 4)), r"Expected x of shape \(batch, 3, \.\.\.\)"),
        (lambda: run(LayerNorm(3), (2, 4)), r"Expected x of shape \(\.\.\., 3\)"),
        (lambda: run(Reshape((3, 2)), (2, 5)), r"as many entries as \(3, 2\)"),
        (lambda: run(Residual(Dense(3, 2)), (4, 3)), r"keeps the shape \(4, 3\) but Dense gave \(4, 2\)"),
        (lambda: Embedding(4, 2).forward({}, np.array([1.0])), r"Expected integer ids but got x.dtype=float64"),
        (lambda: Embedding(4, 2).forward({}, np.array([1, -1])), r"ids from 0 to 3 but got ids from -1 to 1"),
        (lambda: Add().forward({}, (np.zeros((2, 3)), np.zeros((2, 1)))), r"one shape but got shapes"),
        (lambda: Dense(0, 2), r"n_in at least 1 but got n_in=0"),
        (lambda: run(MaxPool2d(2), (2, 4, 5)), r"\(batch, channels, height, width\) but got x.shape=\(2, 4, 5\)"),
        (lambda: Upsample(0), r"factor at least 1"),
        (lambda: Maxout(0), r"pieces at least 1"),
        (lambda: CELU(0.0), r"alpha above 0"),
        (lambda: Softplus(-1.0), r"beta above 0"),
    ],
)
def test_what_a_layer_cannot_do_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_pool_does_not_hide_a_nan():
    x = np.arange(16.0).reshape(1, 1, 4, 4)
    x[0, 0, 0, 0] = np.nan
    y, _ = MaxPool2d(2).forward({}, x)
    np.testing.assert_array_equal(y[0, 0], [[np.nan, 7.0], [13.0, 15.0]])


@pytest.mark.parametrize("layer", [MaxPool2d(None), AvgPool2d(None), AvgPool2d((4, 5), count_padding=False)])
def test_pooling_a_whole_image_loops_over_nothing(layer, monkeypatch):
    monkeypatch.delattr(Windows, "taps")
    assert_pullback(layer, {}, np.random.default_rng(16).normal(size=(2, 3, 4, 5)))


@pytest.mark.parametrize("layer", [MaxPool2d(2), AvgPool2d(2), SinePositions(), Rotary(), Softmax(), Dropout(0.3)])
def test_integers_give_what_their_float64_gives(layer):
    x = np.random.default_rng(15).integers(-9, 9, size=(2, 3, 4, 6))
    y, _ = layer.forward({}, x, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(y, layer.forward({}, x.astype(float), rng=np.random.default_rng(0))[0])


def run(layer, shape):
    return layer.forward(layer.init(np.random.default_rng(0)), np.zeros(shape))


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (Dense(3, 2), (4, 3)),
        (Conv2d(2, 4, 3, padding=1, groups=2), (3, 2, 4, 5)),
        (ConvTranspose2d(2, 3, 2, stride=2), (3, 2, 4, 5)),
        (AvgPool2d(2), (3, 2, 4, 5)),
        (Residual(Sequential([Dense(3, 2), Tanh(), Dense(2, 3), Exp()])), (4, 3)),
        (Sequential([Pad(((1, 0), (0, 1))), Flatten()]), (2, 3, 4)),
        (RNN(3, 2), (2, 4, 3)),
        (GLU(), (3, 4)),
        (SwiGLU(axis=0), (4, 3)),
    ],
)
def test_for_complex_arrays_the_pullback_is_the_adjoint(layer, shape):
    rng = np.random.default_rng(14)

    def drawn(shape):
        return 0.3 * (rng.normal(size=shape) + 1j * rng.normal(size=shape))

    params = {name: drawn(array.shape) for name, array in layer.init(rng).items()}
    x, dx = drawn(shape), drawn(shape)
    dparams = {name: drawn(array.shape) for name, array in params.items()}
    y, cache = layer.forward(params, x)
    ybar = drawn(y.shape)
    xbar, pbar = layer.backward(params, cache, ybar)

    def along(t):
        return layer.forward({k: v + t * dparams[k] for k, v in params.items()}, x + t * dx)[0]

    measured = slope(lambda t: float(np.vdot(ybar, along(t)).real), np.zeros(()), 1.0)
    claimed = np.vdot(xbar, dx).real + sum(np.vdot(pbar[k], dparams[k]).real for k in params)
    assert claimed == pytest.approx(measured, rel=1e-9, abs=1e-9)


def test_complex_predictions_have_no_loss():
    with pytest.raises(ValueError, match=r"Expected real predictions but got y_hat.dtype=complex128"):
        MSE()(np.zeros((2, 3)), np.zeros((2, 3), complex))
