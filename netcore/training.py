"""Train a model in mini-batches: shuffling, an optimiser, clipping, validation, early stopping, and a hook."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from netcore.history import History, require_finite
from netcore.layers.sequential import join, part
from netcore.model import Model
from netcore.names import at_least, positive
from netcore.optimisers import Adam, Optimiser, clip_by_norm
from netcore.progress import progress_bar
from netcore.protocol import Array

Metric = Callable[[Array, Array], float]


@dataclass(frozen=True)
class Hook:
    """Something to run during training: a gradient check, a log, a checkpoint.

    Args:
        run: called run(model, x, y, step) with the batch of that step, after its update; it leaves the model as it is.
        every: run it at most every so many steps, the first time at step 0.
        share: run it only if another call of its mean cost keeps it within this share of the time so far, the first
            one excepted; 1 is without limit.
    """

    run: Callable[[Model, Array, Array, int], Any]
    every: int = 100
    share: float = 1.0

    def __post_init__(self) -> None:
        at_least(1, every=self.every)
        at_least(0, share=self.share)


def fit(
    model: Model,
    X: Array,
    Y: Array,
    *,
    epochs: int,
    batch: int = 32,
    optimiser: Optimiser | None = None,
    seed: int = 0,
    clip: float | None = None,
    validation: tuple[Array, Array] | None = None,
    metric: Metric | None = None,
    patience: int | None = None,
    hook: Hook | None = None,
    progress: bool = False,
) -> History:
    """Train the model in place.

    Args:
        X, Y: rows and their truths.
        epochs: how many times to see every row.
        batch: rows a step; the last batch of an epoch may have fewer.
        optimiser: None is Adam().
        seed: of the shuffling and of the dropout.
        clip: the largest joint norm of the gradients of a step; None is no limit.
        validation: (X, Y) to judge each epoch by, in inference.
        metric: metric(Y, Y_hat), judged on the validation rows.
        patience: stop after so many epochs without a smaller validation loss, and go back to the best parameters.
        hook: something to run now and then.
        progress: whether to show a progress bar.
    Returns:
        History.
    Raises:
        ValueError: patience or metric without validation rows, or X and Y of different length.
        FloatingPointError: the loss is no longer finite; the model has the parameters of the step before.

    Example:
        >>> x = np.linspace(-1, 1, 40).reshape(40, 1)
        >>> model = Model([1, 8, 1], act="tanh", out_act="identity", initialiser="glorot")
        >>> history = fit(model, x, np.sin(3 * x), epochs=100, optimiser=Adam(0.03))
        >>> history.loss[-1] < 0.05 * history.loss[0]
        True
    """
    X, Y = np.asarray(X), np.asarray(Y)
    _require(X, Y, epochs, batch, clip, validation, metric, patience)
    optimiser = Adam() if optimiser is None else optimiser
    rng = np.random.default_rng(seed)
    state, history, began, step = optimiser.init(join(model.params)), History(), time.perf_counter(), 0
    kept = model.params
    with progress_bar(epochs, progress) as advance:
        for epoch in range(epochs):
            total = 0.0
            for rows in _batches(len(X), batch, rng):
                x, y = X[rows], Y[rows]
                loss, state = _descend(model, x, y, optimiser, state, step, rng, clip)
                total += loss * len(rows)
                if hook is not None:
                    _run(hook, model, x, y, step, history, time.perf_counter() - began)
                step += 1
            history.loss.append(total / max(len(X), 1))
            if validation is not None:
                _validate(model, validation, metric, history)
                if history.best is None or history.validation[-1] < history.validation[history.best]:
                    history.best, kept = epoch, model.params.copy()
                elif patience is not None and epoch - history.best >= patience:
                    break
            advance(f"loss {history.loss[-1]:.4g}")
    if patience is not None:
        model.params = kept
    history.seconds = time.perf_counter() - began
    return history


def _descend(
    model: Model,
    x: Array,
    y: Array,
    optimiser: Optimiser,
    state: dict[str, Array],
    step: int,
    rng: np.random.Generator,
    clip: float | None,
) -> tuple[float, dict[str, Array]]:
    """Take one step; return the loss before it and what the optimiser remembers."""
    y_hat = model.forward(x, rng=rng)
    loss = require_finite(float(np.sum(model.loss(y, y_hat))), f"step {step}")
    grads = join(model.backward(y, y_hat))
    model.refresh()
    if clip is not None:
        grads, _ = clip_by_norm(grads, clip)
    params, state = optimiser.step(join(model.params), grads, state, step)
    model.params = [part(params, i) for i in range(len(model.layers))]
    return loss, state


def _batches(count: int, batch: int, rng: np.random.Generator) -> Iterator[Array]:
    order = rng.permutation(count)
    for start in range(0, count, batch):
        yield order[start : start + batch]


def _validate(model: Model, rows: tuple[Array, Array], metric: Metric | None, history: History) -> None:
    y_hat = model.forward(rows[0])
    history.validation.append(float(np.sum(model.loss(rows[1], y_hat))))
    if metric is not None:
        history.metric.append(metric(rows[1], y_hat))


def _run(hook: Hook, model: Model, x: Array, y: Array, step: int, history: History, elapsed: float) -> None:
    with_another = history.hook_seconds * (1 + 1 / max(history.hook_calls, 1))
    if step % hook.every or (hook.share < 1 and with_another > hook.share * elapsed):
        return
    began = time.perf_counter()
    hook.run(model, x, y, step)
    history.hook_seconds += time.perf_counter() - began
    history.hook_calls += 1


def _require(
    X: Array,
    Y: Array,
    epochs: int,
    batch: int,
    clip: float | None,
    validation: tuple[Array, Array] | None,
    metric: Metric | None,
    patience: int | None,
) -> None:
    if len(X) != len(Y):
        raise ValueError(f"Expected as many rows of Y as of X but got X.shape={X.shape} and Y.shape={Y.shape}")
    at_least(1, batch=batch)
    at_least(0, epochs=epochs)
    if clip is not None:
        positive(clip=clip)
    if validation is None and (metric is not None or patience is not None):
        raise ValueError("Expected validation rows for metric and patience but got validation=None")
