"""The notebook's model: a list of layers, their parameters, a loss, and gradient descent."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from netcore.activations import ACTIVATIONS, LogSoftmax, Softmax
from netcore.history import History, require_finite
from netcore.initialisers import INITIALISERS
from netcore.layers.dense import Dense
from netcore.losses import LOSSES
from netcore.names import at_least, choose
from netcore.optimisers.rule import trainable
from netcore.protocol import Array, Layer, Loss, Stateful

NAMED: Mapping[str, Layer] = {**ACTIVATIONS, "softmax": Softmax(), "log_softmax": LogSoftmax()}


class Model:
    """Layers in forward order, their parameters, and a loss.

    `Model([3, 4, 2], act="sigmoid")` is x(3) → Dense → Sigmoid → Dense → Sigmoid: an activation is a layer of its own.
    `Model([Dense(3, 4), Tanh(), Dense(4, 2)])` takes layers as they are; `act`, `out_act`, `initialiser` say nothing.

    The weights of layer i come from the stream `np.random.default_rng([seed, i + 1])`: each layer has a stream of its
    own, so that widening one leaves the others' weights alone, and the streams count from 1 because numpy drops
    trailing zeros: [seed, 0] is the stream of `default_rng(seed)`, from which the data may well be drawn.

    A ReLU output that is 0 on every row has no gradient and never learns, whatever the rate: about half of all seeds
    begin with such a unit on data of one sign. Seed 42 does not on the notebook's data; for a regression
    `out_act="identity"` has no such units.

    Attributes:
        layers: list of layers; entries may be replaced by anything of the layer protocol.
        params: list of mappings of arrays, aligned with layers.
        grads: list of mappings aligned with params, as the last `backward` left them; empty before.
        loss: called loss(y, y_hat), with loss.grad(y, y_hat).
        rng: what training draws its dropout from.

    Example:
        >>> model = Model([3, 4, 2], act="sigmoid", loss="mse", seed=42)
        >>> [type(layer).__name__ for layer in model.layers]
        ['Dense', 'Sigmoid', 'Dense', 'Sigmoid']
    """

    def __init__(
        self,
        layers: Sequence[int | Layer],
        *,
        act: str = "relu",
        out_act: str | None = None,
        loss: str | Loss = "mse",
        seed: int = 42,
        initialiser: str = "normal",
    ) -> None:
        """Build the layers and draw their weights.

        Args:
            layers: sizes from input to output, at least two, or layers.
            act: activation of the hidden layers, a name in ACTIVATIONS, "softmax" or "log_softmax".
            out_act: activation of the last layer; None is `act`.
            loss: a name in LOSSES, or a loss.
            seed: of the weights, ≥ 0.
            initialiser: a name in INITIALISERS.
        """
        self.layers = _build(layers, act, act if out_act is None else out_act, initialiser)
        self.loss: Loss = choose(LOSSES, loss, "loss") if isinstance(loss, str) else loss
        self.params = [layer.init(np.random.default_rng([seed, i + 1])) for i, layer in enumerate(self.layers)]
        self.grads: list[dict[str, Array]] = []
        self.rng = np.random.default_rng([seed, len(self.layers) + 1])
        self._caches: list[Any] = []

    def __repr__(self) -> str:
        return f"Model({self.layers!r}, loss={self.loss!r})"

    def cast(self, dtype: DTypeLike) -> None:
        """Take the parameters to another floating dtype; float32 halves the time of most layers."""
        self.params = [{name: a.astype(dtype) for name, a in mine.items()} for mine in self.params]

    def forward(self, X: Array, *, rng: np.random.Generator | None = None) -> Array:
        """Return Y_hat (batch, n_out) for X (batch, n_in), an array or rows of numbers; rng=None is inference.

        Raises:
            ValueError: X is no array of numbers, or has another shape than the first layer takes.
        """
        self._caches = []
        X = X if isinstance(X, tuple) else np.asarray(X)
        for each in X if isinstance(X, tuple) else (X,):
            if each.dtype.kind not in "biufc":
                raise ValueError(f"Expected an array of numbers but got X.dtype={each.dtype}")
        for i in range(len(self.layers)):
            X, cache = self.layers[i].forward(self.params[i], X, rng=rng)
            self._caches.append(cache)
        return X

    def backward(self, Y: Array, Y_hat: Array) -> list[dict[str, Array]]:
        """Return, and keep in `grads`, the gradient of the loss with respect to every parameter.

        Args:
            Y: the truth, in the shape of Y_hat.
            Y_hat: what the last `forward` returned.
        """
        if not self._caches:
            raise RuntimeError("Expected a forward before backward: Model.backward walks what the last forward cached")
        dx: Array | None = self.loss.grad(Y, Y_hat)
        self.grads = [{} for _ in self.layers]
        for i in reversed(range(len(self.layers))):
            if dx is None:  # layer i feeds an integer: no derivative passes
                self.grads[i] = {name: np.zeros_like(array) for name, array in self.params[i].items()}
            else:
                dx, self.grads[i] = self.layers[i].backward(self.params[i], self._caches[i], dx)
        return self.grads

    def refresh(self) -> None:
        """Move the running statistics of layers that keep any, after a forward in training."""
        for i, layer in enumerate(self.layers):
            if isinstance(layer, Stateful):
                self.params[i] = {**self.params[i], **layer.refresh(self.params[i], self._caches[i])}

    def update(self, learning_rate: float) -> None:
        """Take one step down the gradients of the last `backward`; each parameter keeps its dtype."""
        if not self.grads:
            raise RuntimeError("Expected a backward before update: there are no gradients to step along")
        for i, grads in enumerate(self.grads):
            stepped = {name: self.params[i][name] - learning_rate * grads[name] for name in trainable(self.params[i])}
            self.params[i] = {n: stepped.get(n, a).astype(a.dtype, copy=False) for n, a in self.params[i].items()}

    def train(self, X: Array, Y: Array, epochs: int, learning_rate: float = 1e-5, verbose: int = 100) -> History:
        """Descend for `epochs` steps, each on all rows; `netcore.fit` has mini-batches and better optimisers.

        Args:
            X: (batch, n_in).
            Y: (batch, n_out).
            epochs: number of steps.
            learning_rate: of each step.
            verbose: print the epoch, the loss and each layer's mean gradient every so many epochs; 0 prints nothing.
        Returns:
            History, whose loss has one value an epoch.
        Raises:
            FloatingPointError: the loss is NaN or infinite; the model is as the last step left it.
        """
        at_least(0, epochs=epochs, verbose=verbose)
        history = History()
        for epoch in range(epochs):
            Y_hat = self.forward(X, rng=self.rng)
            self.backward(Y, Y_hat)
            self.refresh()
            loss = float(np.sum(self.loss(Y, Y_hat)))  # the sum is that of reduction="none"
            history.loss.append(require_finite(loss, f"epoch {epoch}"))
            if verbose and epoch % verbose == 0:
                print(f"epoch {epoch:6d}   loss {history.loss[-1]:.6g}   mean gradient {self._mean_gradients()}")
            self.update(learning_rate)
        return history

    def _mean_gradients(self) -> str:
        """Return "0 Dense -2.318, 2 Dense 0.914": over all entries of a layer's parameters, where it has any."""
        pairs = enumerate(zip(self.layers, self.grads, strict=True))
        return ", ".join(
            f"{i} {type(layer).__name__} {np.mean(np.concatenate([g.ravel() for g in grads.values()])):.6g}"
            for i, (layer, grads) in pairs
            if grads
        )


def _build(layers: Sequence[int | Layer], act: str, out_act: str, initialiser: str) -> list[Layer]:
    """Return the list of layers that sizes stand for, or the layers that were given."""
    choose(NAMED, act, "act")
    choose(NAMED, out_act, "out_act")
    choose(INITIALISERS, initialiser, "initialiser")
    sizes = [size for size in layers if isinstance(size, (int, np.integer))]
    if not sizes and layers and all(isinstance(layer, Layer) for layer in layers):
        return [layer for layer in layers if not isinstance(layer, int)]
    if len(sizes) != len(layers) or len(sizes) < 2 or min(sizes) < 1:
        raise ValueError(f"Expected at least two sizes of 1 or more, or layers only, but got layers={list(layers)!r}")
    built: list[Layer] = []
    for n_in, n_out in pairwise(sizes):
        built += [Dense(n_in, n_out, initialiser=initialiser), NAMED[act]]
    return [*built[:-1], NAMED[out_act]]
