"""Derivatives measured without netcore's help: central differences of order six."""

import numpy as np

STEP = 1e-3
WEIGHTS = ((1, 3 / 4), (2, -3 / 20), (3, 1 / 60))  # the classical seven-point stencil

# Truncation is h^6 |f^(7)| / 140 = 7e-21 |f^(7)|, round-off about 2 eps |f| / h = 4e-13 |f|, summed over terms;
# |f^(7)| stays below 1e10, even for the logarithm at 0.05.
TOLERANCE = 1e-9


def slope(f, x, v):
    """Return the derivative of the scalar f along v at x."""
    return sum(w * (f(x + k * STEP * v) - f(x - k * STEP * v)) for k, w in WEIGHTS) / STEP


def gradient(f, x):
    """Return every partial derivative of the scalar f at x."""
    found = np.empty(x.shape)
    for index in np.ndindex(x.shape):
        v = np.zeros(x.shape)
        v[index] = 1.0
        found[index] = slope(f, x, v)
    return found


def assert_close(claimed, measured, scale, tolerance=TOLERANCE):
    """Compare, with errors judged against `scale`, the sum of the magnitudes that went into the measured function."""
    assert claimed.shape == measured.shape
    np.testing.assert_allclose(claimed, measured, rtol=0, atol=tolerance * max(1.0, scale))


def assert_pullback(layer, params, x, seed=None, entries=64):
    """Hold dx and dparams of a layer against differences: each entry of small arrays, 3 directions of large ones."""
    rng = np.random.default_rng(5)

    def forward(params, x):
        return layer.forward(params, x, rng=None if seed is None else np.random.default_rng(seed))

    y, cache = forward(params, x)
    dy = rng.normal(size=y.shape)
    dx, dparams = layer.backward(params, cache, dy)
    assert dparams.keys() == params.keys()
    scale = float(np.sum(np.abs(y * dy)))

    blocks = [(name, array, lambda a, name=name: forward({**params, name: a}, x)[0]) for name, array in params.items()]
    if np.issubdtype(x.dtype, np.floating):
        blocks.append(("x", x, lambda a: forward(params, a)[0]))
    else:
        assert dx is None
    for name, array, run in blocks:
        claimed = dx if name == "x" else dparams[name]
        assert claimed.shape == array.shape

        def f(a, run=run):
            return float(np.sum(run(a) * dy))

        if array.size <= entries:
            assert_close(claimed, gradient(f, array), scale)
        else:
            for _ in range(3):
                v = rng.normal(size=array.shape) / np.sqrt(array.size)
                assert_close(np.sum(claimed * v), np.array(slope(f, array, v)), scale)
