"""Random right targets for campaigns: rules of the population, and netcore's activations, losses and dense layers."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

import netcore
from gradcheck import Target, adapt
from tests.population import RIGHT

SIZES = (1, 2, 3, 4, 5, 7, 8, 11)
SCALES = (1e-4, 1e-2, 0.3, 1.0, 3.0, 10.0)
ACTIVATIONS = (
    *netcore.ACTIVATIONS.values(),
    netcore.LeakyReLU(0.3),
    netcore.ELU(0.7),
    netcore.CELU(2.5),
    netcore.Softplus(3.0),
)
SHAPED = (netcore.Softmax(), netcore.LogSoftmax(), netcore.GLU(), netcore.SwiGLU(), netcore.Maxout(2))


def shape(rng, least=1, most=3):
    return tuple(int(n) for n in rng.choice(SIZES, rng.integers(least, most + 1)))


def activation(rng, dtype):
    act = ACTIVATIONS[rng.integers(len(ACTIVATIONS))]
    x = (rng.choice(SCALES) * rng.normal(size=shape(rng))).astype(dtype)
    return adapt.activation(act, x, name=repr(act))


def shaped(rng, dtype):
    layer = SHAPED[rng.integers(len(SHAPED))]
    x = (rng.choice(SCALES[2:]) * rng.normal(size=(*shape(rng, 1, 2), 2 * int(rng.choice(SIZES))))).astype(dtype)
    return adapt.layer(layer, {}, x, name=repr(layer))


def dense(rng, dtype):
    batch, n_in, n_out = (int(n) for n in rng.choice(SIZES, 3))
    layer = netcore.Dense(n_in, n_out, initialiser=str(rng.choice(["normal", "he", "glorot"])), bias=rng.random() < 0.8)
    scale = rng.choice(SCALES)
    params = {name: (scale * value).astype(dtype) for name, value in layer.init(rng).items()}
    rows = (batch,) if rng.random() < 0.7 else (batch, int(rng.choice(SIZES)))
    x = (rng.choice(SCALES) * rng.normal(size=(*rows, n_in))).astype(dtype)
    return adapt.layer(layer, params, x, name=repr(layer))


def _real(rng):
    size, scale = shape(rng), rng.choice(SCALES)
    return scale * rng.normal(size=size), scale * rng.normal(size=size)


def _share(rng):
    return tuple(rng.uniform(0.01, 0.99, size=(2, *shape(rng))))


def _logits(rng):
    size = shape(rng)
    return (rng.random(size) < 0.5).astype(float), 3 * rng.normal(size=size)


def _signs(rng):
    y, y_hat = _logits(rng)
    return 2 * y - 1, y_hat


def _counts(rng):
    size = shape(rng)
    return rng.poisson(2.0, size=size).astype(float), rng.normal(size=size)


def _classes(rng):
    rows, classes = int(rng.choice(SIZES)), int(rng.choice(SIZES[1:]))
    return rng.integers(0, classes, rows), 2 * rng.normal(size=(rows, classes))


def _shares(rng):
    y, scores = _classes(rng)
    return rng.dirichlet(np.ones(scores.shape[1]), size=len(y)), scores


def _logs(make):
    def draw(rng):
        y, scores = make(rng)
        return y, scores - np.log(np.exp(scores).sum(axis=-1, keepdims=True))

    return draw


LOSSES: tuple[tuple[object, Callable], ...] = (
    *((loss, _real) for loss in (netcore.MSE(), netcore.MAE(), netcore.Huber(), netcore.Huber(delta=0.3))),
    *((loss, _real) for loss in (netcore.SmoothL1(), netcore.LogCosh(), netcore.Quantile(), netcore.Quantile(q=0.9))),
    (netcore.LogLoss(), _share),
    *((loss, _logits) for loss in (netcore.LogLossWithLogits(), netcore.Focal(), netcore.Focal(gamma=0.5, alpha=0.6))),
    *((loss, _signs) for loss in (netcore.Hinge(), netcore.SquaredHinge())),
    (netcore.Poisson(), _counts),
    *((loss, _classes) for loss in (netcore.CrossEntropy(), netcore.CrossEntropy(label_smoothing=0.2))),
    (netcore.CrossEntropy(), _shares),
    (netcore.NLL(), _logs(_classes)),
    (netcore.KL(), _logs(_shares)),
    (netcore.Cosine(), _shares),
)


def loss(rng, dtype):
    made, draw = LOSSES[rng.integers(len(LOSSES))]
    y, y_hat = draw(rng)
    made = replace(made, reduction=str(rng.choice(["mean", "sum"])))
    y = y.astype(dtype) if y.dtype.kind == "f" else y
    return adapt.loss(made, y, y_hat.astype(dtype), name=repr(made))


def rule(rng, dtype):
    found = RIGHT[rng.integers(len(RIGHT))]
    while found.family == "large":  # 100,000 inputs take seconds each
        found = RIGHT[rng.integers(len(RIGHT))]
    inputs = found.draw(rng)
    return adapt.vjp(found.forward, found.vjp, *inputs, names=found.names, name=found.name), found.note


CORE = (activation, shaped, dense, loss)


def draw(source: str, seed: int, number: int, dtype: str) -> tuple[Target, str]:
    """Return the `number`-th target of a campaign, and the note of its rule ("border: ..") or "".

    Args:
        source: "core", "population", or "all", which takes them in turn.
        seed: of the campaign; a target depends on it and the number only.
        number: which target.
        dtype: of netcore's inputs; the population has its own.
    """
    rng = np.random.default_rng([seed, number])
    if source == "population" or (source == "all" and number % 2):
        return rule(rng, dtype)
    return CORE[rng.choice(len(CORE), p=[0.3, 0.1, 0.35, 0.25])](rng, np.dtype(dtype)), ""
