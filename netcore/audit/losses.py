"""Losses at predictions in their domain, with every reduction and option, away from their kinks."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from netcore.audit.naming import label
from netcore.losses import (
    CTC,
    KL,
    MAE,
    MSE,
    NLL,
    Contrastive,
    Cosine,
    CrossEntropy,
    Focal,
    Hinge,
    Huber,
    LogCosh,
    LogLoss,
    LogLossWithLogits,
    Poisson,
    Quantile,
    SmoothL1,
    SquaredHinge,
    Weighted,
)
from netcore.protocol import Array, Loss


def loss_targets() -> Iterator[dict[str, Any]]:
    """Yield each loss, then each with the sum for its mean, then float32."""
    for loss, y, y_hat, more in _cases():
        summed = replace(loss, reduction="sum")  # type: ignore[type-var]  # a protocol cannot say: a dataclass
        single = y.astype(np.float32) if y.dtype.kind == "f" else y
        yield _target(label(loss, *more), loss, y, y_hat)
        yield _target(label(summed, *more), summed, y, y_hat)
        yield _target(label(loss, *more, "float32"), loss, single, y_hat.astype(np.float32))


def _cases() -> Iterator[tuple[Loss, Array, Array, list[str]]]:
    """Yield a loss, arrays for it, and what its name leaves out."""
    rng = np.random.default_rng(12)
    y, y_hat = rng.normal(size=(2, 5, 3))
    distances = [MSE(), MAE(), Huber(), Huber(delta=0.3), SmoothL1(), SmoothL1(beta=0.4), LogCosh()]
    for loss in [*distances, Quantile(), Quantile(q=0.9)]:
        yield loss, y, y_hat, []
    p, p_hat = rng.uniform(0.05, 0.95, size=(2, 5, 3))
    hard = (p < 0.5).astype(float)
    yield LogLoss(), p, p_hat, []
    yield LogLoss(), hard, p_hat, ["hard"]
    for logits in (LogLossWithLogits(), LogLossWithLogits(positive_weight=2.5), Focal(), Focal(gamma=0.5, alpha=0.6)):
        yield logits, hard, 2 * y_hat, []
    for margin in (Hinge(), SquaredHinge(), SquaredHinge(margin=0.5)):
        yield margin, 2 * hard - 1, y_hat, []
    counts = rng.poisson(2.0, size=(5, 3)).astype(float)
    yield Poisson(), counts, y_hat, []
    yield Poisson(log_input=False), counts, np.exp(y_hat), []
    yield Weighted(MSE(), rng.uniform(0.5, 2.0, size=(5, 1))), y, y_hat, ["MSE"]
    yield from _row_cases(rng)


def _row_cases(rng: np.random.Generator) -> Iterator[tuple[Loss, Array, Array, list[str]]]:
    """Yield losses whose rows are vectors."""
    scores = rng.normal(size=(7, 4))
    labels = np.array([0, 3, 1, 1, 2, 0, 3])
    soft = rng.dirichlet(np.ones(4), size=7)
    logs = scores - np.log(np.exp(scores).sum(axis=-1, keepdims=True))
    w = (0.5, 1.0, 1.5, 2.0)
    weighted = CrossEntropy(label_smoothing=0.2, class_weight=w)
    for loss in (CrossEntropy(), weighted, CrossEntropy(ignore=1)):
        yield loss, labels, scores, []
    yield CrossEntropy(), soft, scores, ["soft"]
    yield weighted, soft, scores, ["soft"]
    yield CrossEntropy(), rng.integers(0, 4, size=(2, 3)), rng.normal(size=(2, 3, 4)), ["sequences"]
    for nll in (NLL(), NLL(class_weight=w, ignore=3)):
        yield nll, labels, logs, []
    yield KL(), soft, logs, []
    yield Cosine(), soft, scores, []
    yield Contrastive(margin=3.0), np.array([1.0, 0.0, 0.0, 1.0, 0.0]), rng.normal(size=(5, 2, 3)), []
    spelt = np.array([[1, 2, 2], [3, -1, -1]])
    yield CTC(), spelt, rng.normal(size=(2, 6, 4)), []
    yield CTC(blank=3), np.array([[1, 0, -1], [2, 1, 0]]), rng.normal(size=(2, 5, 4)), []
    yield Weighted(KL(), rng.uniform(0.5, 2.0, size=7)), soft, logs, ["KL"]
    yield Weighted(weighted, rng.uniform(0.5, 2.0, size=7)), labels, scores, ["CrossEntropy"]


def _target(name: str, loss: Loss, y: Array, y_hat: Array) -> dict[str, Any]:
    return {"adapt": "loss", "name": name, "loss": loss, "y": y, "y_hat": y_hat}
