"""The same layers in numpy-ml (https://pypi.org/project/numpy-ml, 0.1.2 of 2020), where it is installed.

Images there are (batch, height, width, channels); nothing is copied or transposed inside what is timed.
"""

import collections
import collections.abc
import warnings

import numpy as np


def available():
    """Return whether numpy-ml can be imported; it takes `Hashable` from where Python 3.10 no longer has it."""
    collections.Hashable = collections.abc.Hashable
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import numpy_ml.neural_nets.layers  # noqa: F401 - to see whether it is there
    except ImportError:
        return False
    return True


def layer(name, p, x, dy):
    """Return a closure that runs the layer both ways and returns y in our order of axes; None where it has no such."""
    if name not in MAKERS or not available():
        return None
    made, params, to_theirs, to_ours = MAKERS[name](p)
    tx, tdy = (np.ascontiguousarray(to_theirs(a)) for a in (x, dy))
    made.forward(tx)  # draws its parameters
    made.parameters.update(params)

    def call():
        made.flush_gradients()
        y = made.forward(tx)
        made.backward(tdy)
        return to_ours(y)

    return call


def _dense(p):
    from numpy_ml.neural_nets.layers import FullyConnected

    return FullyConnected(p["W"].shape[1]), {"W": p["W"], "b": p["b"]}, np.asarray, np.asarray


def _conv2d(p):
    from numpy_ml.neural_nets.layers import Conv2D

    made = Conv2D(p["W"].shape[0], p["W"].shape[2:], pad=1)
    params = {"W": p["W"].transpose(2, 3, 1, 0).copy(), "b": p["b"].reshape(1, 1, 1, -1)}
    return made, params, _channels_last, _channels_second


def _lstm(p):
    from numpy_ml.neural_nets.layers import LSTMCell

    n = p["U"].shape[0]
    both = np.concatenate([p["U"], p["W"]])  # theirs takes [h, x]
    columns = {gate: slice(k * n, (k + 1) * n) for k, gate in enumerate("ufoc")}  # ours: i, f, o, g
    params = {f"W{gate}": both[:, at].copy() for gate, at in columns.items()}
    params |= {f"b{gate}": p["b"][:, at].copy() for gate, at in columns.items()}
    return Steps(LSTMCell(n)), params, np.asarray, np.asarray


class Steps:
    """Their LSTMCell step by step: their LSTM, which does just that, fails where it is made."""

    def __init__(self, cell):
        self.cell = cell

    def flush_gradients(self):
        self.cell.flush_gradients()
        self.cell.derived_variables.update(dLdA_accumulator=None, dLdC_accumulator=None)  # it leaves [] behind

    @property
    def parameters(self):
        return self.cell.parameters

    def forward(self, x):
        return np.stack([self.cell.forward(x[:, t])[0] for t in range(x.shape[1])], axis=1)

    def backward(self, dy):
        return [self.cell.backward(dy[:, t]) for t in reversed(range(dy.shape[1]))]


def _batch_norm(p):
    from numpy_ml.neural_nets.layers import BatchNorm2D

    return BatchNorm2D(), {"scaler": p["gamma"], "intercept": p["beta"]}, _channels_last, _channels_second


def _channels_last(x):
    return x.transpose(0, 2, 3, 1)


def _channels_second(x):
    return x.transpose(0, 3, 1, 2)


MAKERS = {"Dense": _dense, "Conv2d": _conv2d, "LSTM": _lstm, "BatchNorm": _batch_norm}
