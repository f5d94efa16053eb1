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


def parts(x):
    """Return the arrays of an input, which may be a tuple of several."""
    return x if isinstance(x, tuple) else (x,)


def each(f, x):
    """Apply f to an input, or to each of several."""
    return tuple(map(f, x)) if isinstance(x, tuple) else f(x)


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

    blocks = [(dparams[k], array, lambda a, k=k: forward({**params, k: a}, x)[0]) for k, array in params.items()]
    if dx is None:
        assert all(array.dtype.kind in "iu" for array in parts(x))
    else:
        for i, array in enumerate(parts(x)):

            def moved(a, i=i):
                return forward(params, (*x[:i], a, *x[i + 1 :]) if isinstance(x, tuple) else a)[0]

            blocks.append((parts(dx)[i], array, moved))
    for claimed, array, run in blocks:
        assert claimed.shape == array.shape

        def f(a, run=run):
            return float(np.sum(run(a) * dy))

        if array.size <= entries:
            assert_close(claimed, gradient(f, array), scale)
        else:
            for _ in range(3):
                v = rng.normal(size=array.shape) / np.sqrt(array.size)
                assert_close(np.sum(claimed * v), np.array(slope(f, array, v)), scale)
