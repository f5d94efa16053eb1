"""Layers against torch: output and every gradient."""

import numpy as np
import pytest

import netcore

torch = pytest.importorskip("torch")
netcore_torch = pytest.importorskip("netcore_torch")
nn, F = torch.nn, torch.nn.functional
RNG = np.random.default_rng(31)


def compare(*arguments, **options):
    netcore_torch.compare(*arguments, **options, rng=RNG)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"stride": 2, "padding": 1},
        {"stride": (2, 1), "padding": (0, 2)},
        {"dilation": (2, 1)},
        {"groups": 2},
        {"groups": 2, "stride": 3, "padding": 2, "dilation": 2},
    ],
)
def test_conv2d_is_torchs(options):
    layer = netcore.Conv2d(4, 6, (3, 2), **options)
    compare(layer, lambda x, p: F.conv2d(x, p["W"], p["b"], **options), RNG.normal(size=(3, 4, 9, 8)))


@pytest.mark.parametrize("options", [{}, {"stride": 2, "padding": 1, "dilation": 2, "groups": 2}])
def test_conv1d_is_torchs(options):
    layer = netcore.Conv1d(4, 6, 3, **options)
    compare(layer, lambda x, p: F.conv1d(x, p["W"], p["b"], **options), RNG.normal(size=(3, 4, 11)))


@pytest.mark.parametrize(
    "options", [{}, {"stride": 2, "padding": 1, "extra": 1}, {"stride": 3, "dilation": 2, "extra": 2}]
)
def test_transposed_convolution_is_torchs(options):
    layer = netcore.ConvTranspose2d(3, 2, (3, 2), **options)
    named = {("output_padding" if k == "extra" else k): v for k, v in options.items()}
    compare(layer, lambda x, p: F.conv_transpose2d(x, p["W"], p["b"], **named), RNG.normal(size=(2, 3, 4, 5)))


@pytest.mark.parametrize("options", [{}, {"stride": 1}, {"stride": 2, "padding": 1}])
def test_pooling_is_torchs(options):
    x = RNG.normal(size=(2, 3, 7, 8))
    compare(netcore.MaxPool2d(3, **options), lambda x, _: F.max_pool2d(x, 3, **options), x)
    compare(netcore.AvgPool2d(3, **options), lambda x, _: F.avg_pool2d(x, 3, **options), x)
    compare(
        netcore.AvgPool2d(3, **options, count_padding=False),
        lambda x, _: F.avg_pool2d(x, 3, **options, count_include_pad=False),
        x,
    )


def test_global_pooling_is_torchs():
    x = RNG.normal(size=(2, 3, 4, 5))
    compare(netcore.MaxPool2d(None), lambda x, _: F.adaptive_max_pool2d(x, 1), x)
    compare(netcore.AvgPool2d(None), lambda x, _: F.adaptive_avg_pool2d(x, 1), x)


@pytest.mark.parametrize("shape", [(5, 3), (4, 3, 2), (2, 3, 4, 5)])
@pytest.mark.parametrize("training", [False, True])
def test_batch_norm_is_torchs_and_so_are_its_running_statistics(shape, training):
    layer = netcore.BatchNorm(3)
    params = {k: v + RNG.uniform(-0.4, 0.4, size=v.shape) for k, v in layer.init(RNG).items()}
    x = RNG.normal(size=shape)
    held = [torch.tensor(params[k]) for k in ("running_mean", "running_var")]
    seed = 7 if training else None
    compare(layer, lambda x, p: F.batch_norm(x, *held, p["gamma"], p["beta"], training), x, params, seed=seed)
    _, cache = layer.forward(params, x, rng=np.random.default_rng(0) if training else None)
    moved = layer.refresh(params, cache)
    np.testing.assert_allclose(moved["running_mean"], held[0].numpy(), rtol=1e-12)
    np.testing.assert_allclose(moved["running_var"], held[1].numpy(), rtol=1e-12)


def test_the_other_norms_are_torchs():
    x = RNG.normal(size=(2, 6, 4, 5))
    compare(netcore.LayerNorm(5), lambda x, p: F.layer_norm(x, (5,), p["gamma"], p["beta"]), x)
    compare(netcore.RMSNorm(5), lambda x, p: F.rms_norm(x, (5,), p["gamma"], 1e-6), x)
    compare(netcore.GroupNorm(3, 6), lambda x, p: F.group_norm(x, 3, p["gamma"], p["beta"]), x)
    compare(netcore.InstanceNorm(6), lambda x, p: F.instance_norm(x, weight=p["gamma"], bias=p["beta"]), x)


def test_embedding_is_torchs():
    ids = np.array([[0, 6, 2], [2, 2, 5]])
    compare(netcore.Embedding(7, 3), lambda x, p: F.embedding(x, p["W"]), ids)


def test_the_layers_that_move_entries_are_torchs():
    x = RNG.normal(size=(2, 3, 4, 5))
    compare(netcore.Upsample(3), lambda x, _: F.interpolate(x, scale_factor=3, mode="nearest"), x)
    compare(netcore.Pad(((1, 2), (3, 0))), lambda x, _: F.pad(x, (3, 0, 1, 2)), x)
    compare(netcore.Permute((2, 0, 3, 1)), lambda x, _: x.permute(2, 0, 3, 1), x)
    compare(netcore.Flatten(), lambda x, _: x.flatten(1), x)
    compare(netcore.Reshape((6, 10)), lambda x, _: x.reshape(2, 6, 10), x)


def test_the_layers_of_activations_are_torchs():
    x = RNG.normal(size=(2, 3, 6))
    compare(netcore.Softmax(axis=1), lambda x, _: x.softmax(1), x)
    compare(netcore.LogSoftmax(), lambda x, _: x.log_softmax(-1), x)
    compare(netcore.GLU(axis=-1), lambda x, _: F.glu(x), x)


@pytest.mark.parametrize(
    ("act", "theirs"),
    [
        (netcore.ReLU(), F.relu),
        (netcore.LeakyReLU(0.2), lambda x: F.leaky_relu(x, 0.2)),
        (netcore.ELU(0.7), lambda x: F.elu(x, 0.7)),
        (netcore.SELU(), F.selu),
        (netcore.CELU(1.7), lambda x: F.celu(x, 1.7)),
        (netcore.GELU(), F.gelu),
        (netcore.GELUTanh(), lambda x: F.gelu(x, approximate="tanh")),
        (netcore.SiLU(), F.silu),
        (netcore.Mish(), F.mish),
        (netcore.Softplus(2.0), lambda x: F.softplus(x, 2.0, threshold=1000)),
        (netcore.Softsign(), F.softsign),
        (netcore.HardSigmoid(), F.hardsigmoid),
        (netcore.HardTanh(), F.hardtanh),
        (netcore.HardSwish(), F.hardswish),
        (netcore.Sigmoid(), torch.sigmoid),
        (netcore.Tanh(), torch.tanh),
        (netcore.Exp(), torch.exp),
    ],
)
def test_activations_are_torchs_at_their_kinks_too(act, theirs):
    x = np.concatenate([4 * RNG.normal(size=30), [-3.0, -1.0, 0.0, 1.0, 3.0]]).reshape(5, 7)
    # torch holds 1/6 and 1/α in float32 even for float64 arguments.
    compare(act, lambda x, _: theirs(x), x, tolerance=1e-7 if "Hard" in repr(act) or "CELU" in repr(act) else 1e-10)
