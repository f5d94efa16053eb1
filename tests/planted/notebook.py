"""The network of the notebook that this project starts from, as it was written, faults included.

Its derivatives are wrong in two places: `MSE.grad` and `LogLoss.grad` are not the derivatives of what the call
returns (a mean over all entries), and `Layer.backward` averages dW and db over the batch. With two outputs the two
cancel: MSE.grad is five times too large for a batch of five, dW five times too small. Training converges, every
end-to-end gradient agrees, and that is why nobody noticed.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np


class Sigmoid:
    def __call__(self, X):
        return 1 / (1 + np.exp(-X))

    def grad(self, X):
        sig = self(X)
        return sig * (1 - sig)


class Relu:
    def __call__(self, X):
        return np.maximum(0, X)

    def grad(self, X):
        return np.maximum(0, np.sign(X))


ACT = {"relu": Relu(), "sigmoid": Sigmoid()}


class LogLoss:
    def __call__(self, Y, Y_hat):
        loss = Y * np.log(Y_hat) + (1 - Y) * np.log(1 - Y_hat)
        return np.mean(-loss)

    def grad(self, Y, Y_hat):
        return np.divide(1 - Y, 1 - Y_hat) - np.divide(Y, Y_hat)


class MSE:
    def __call__(self, Y, Y_hat):
        loss = (Y_hat - Y) ** 2
        return np.mean(loss)

    def grad(self, Y, Y_hat):
        return Y_hat - Y


LOSS = {"logloss": LogLoss(), "mse": MSE()}


class Layer:
    def __init__(self, in_size, out_size, act="relu"):
        self.W = np.random.randn(in_size, out_size)  # noqa: NPY002  # the notebook's own generator and numbers
        self.b = np.random.randn(1, out_size)  # noqa: NPY002
        self.act = ACT[act]

    def forward(self, X):
        Z = X @ self.W + self.b
        Y = self.act(Z)
        return Y, Z

    def backward(self, X, Z, dX):
        m = X.shape[0]
        dZ = dX * self.act.grad(Z)
        dW = X.T @ dZ / m
        db = np.mean(dZ, axis=0, keepdims=True)
        dX_prev = dZ @ self.W.T
        return dX_prev, dW, db


class Model:
    def __init__(self, layers, loss="mse", seed=42):
        num_layers = len(layers) - 1
        self.layers = [[]] * num_layers
        self.X = [[]] * num_layers
        self.Z = [[]] * num_layers
        self.dW = [[]] * num_layers
        self.db = [[]] * num_layers
        self.loss = LOSS[loss]
        np.random.seed(seed)  # noqa: NPY002
        for i in range(num_layers):
            in_size, out_size = layers[i : i + 2]
            self.layers[i] = Layer(in_size, out_size)

    def forward(self, X):
        for i, layer in enumerate(self.layers):
            self.X[i] = X
            X, self.Z[i] = layer.forward(X)
        return X

    def backward(self, Y, Y_hat):
        dX = self.loss.grad(Y, Y_hat)
        for i, layer in reversed(list(enumerate(self.layers))):
            dX, self.dW[i], self.db[i] = layer.backward(self.X[i], self.Z[i], dX)

    def update(self, learning_rate):
        for i, layer in enumerate(self.layers):
            layer.W -= learning_rate * self.dW[i]
            layer.b -= learning_rate * self.db[i]

    def train(self, X, Y, epochs, verbose=100, learning_rate=1e-5):
        for i in range(epochs):
            Y_hat = self.forward(X)
            self.backward(Y, Y_hat)
            if i % verbose == 0:
                print({"eposh": i, "loss": self.loss(Y, Y_hat), "grad": [np.mean(d) for d in self.dW]})
            self.update(learning_rate)


X = np.array([[73, 67, 43], [91, 88, 64], [87, 134, 58], [102, 43, 37], [69, 96, 70]], dtype="float32")
Y = np.array([[56, 70], [81, 101], [119, 133], [22, 37], [103, 119]], dtype="float32")


def gradcheck_targets() -> Iterator[dict[str, Any]]:
    """Yield the notebook's model at its first epoch, a deeper one, and the parts that no model uses here."""
    inputs, truth = X.astype(float), Y.astype(float)
    yield {"adapt": "model", "name": "Model[3,2]", "model": Model([3, 2]), "x": inputs, "y": truth}
    yield {"adapt": "model", "name": "Model[3,4,2]", "model": Model([3, 4, 2]), "x": inputs, "y": truth}
    rng = np.random.default_rng(0)
    yield {"adapt": "activation", "act": Relu(), "x": rng.normal(size=(3, 5))}
    yield {"adapt": "activation", "act": Sigmoid(), "x": rng.normal(size=(3, 5))}
    p, p_hat = rng.uniform(0.05, 0.95, size=(2, 5, 3))
    yield {"adapt": "loss", "loss": LogLoss(), "y": p, "y_hat": p_hat}
