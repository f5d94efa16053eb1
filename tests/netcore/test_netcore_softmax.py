"""Softmax, its logarithm, and the gated and competing units."""

import numpy as np
import pytest
from netcore_oracles import assert_pullback
from scipy.special import log_softmax, softmax

from netcore import GLU, LogSoftmax, Maxout, Softmax, SwiGLU

X = np.random.default_rng(1).normal(size=(3, 4, 6))


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_softmax_is_scipys_along_any_axis(axis):
    np.testing.assert_allclose(Softmax(axis=axis).forward({}, X)[0], softmax(X, axis=axis), rtol=1e-14)
    np.testing.assert_allclose(LogSoftmax(axis=axis).forward({}, X)[0], log_softmax(X, axis=axis), rtol=1e-14)
    for layer in (Softmax(axis=axis), LogSoftmax(axis=axis)):
        assert_pullback(layer, {}, X[:2, :3, :5])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_huge_scores_do_not_overflow(dtype):
    x = np.array([[1e4, 0, -1e4], [5e3, 5e3, 0]], dtype)
    np.testing.assert_array_equal(Softmax().forward({}, x)[0], np.array([[1, 0, 0], [0.5, 0.5, 0]], dtype))
    y, _ = LogSoftmax().forward({}, x)
    np.testing.assert_allclose(y, [[0, -1e4, -2e4], [-np.log(2), -np.log(2), -5e3 - np.log(2)]], rtol=1e-6)


def test_adding_a_constant_to_all_scores_changes_nothing_so_dx_sums_to_zero():
    for layer in (Softmax(), LogSoftmax()):
        _, cache = layer.forward({}, X)
        dx, _ = layer.backward({}, cache, np.random.default_rng(2).normal(size=X.shape))
        np.testing.assert_allclose(dx.sum(axis=-1), 0, atol=1e-14)


def test_gated_units_multiply_one_half_by_a_function_of_the_other():
    a, b = X[..., :3], X[..., 3:]
    np.testing.assert_allclose(GLU().forward({}, X)[0], a / (1 + np.exp(-b)), rtol=1e-14)
    np.testing.assert_allclose(SwiGLU().forward({}, X)[0], a / (1 + np.exp(-a)) * b, rtol=1e-14)


@pytest.mark.parametrize("layer", [GLU(), SwiGLU(), GLU(axis=1), SwiGLU(axis=1), Maxout(2), Maxout(3)])
def test_their_pullbacks_are_the_derivatives(layer):
    assert_pullback(layer, {}, X)


def test_maxout_takes_the_largest_of_neighbours_and_the_first_of_equals():
    y, cache = Maxout(3).forward({}, np.array([[1.0, 5.0, 2.0, 7.0, 7.0, 0.0], [3.0, 1.0, 2.0, -1.0, -2.0, -3.0]]))
    np.testing.assert_array_equal(y, [[5, 7], [3, -1]])
    dx, _ = Maxout(3).backward({}, cache, np.array([[2.0, 3.0], [4.0, 5.0]]))
    np.testing.assert_array_equal(dx, [[0, 2, 0, 3, 0, 0], [4, 0, 0, 5, 0, 0]])


def test_sizes_that_cannot_be_divided_are_refused():
    with pytest.raises(ValueError, match=r"Expected an even size along axis -1 but got x.shape=\(2, 5\)"):
        GLU().forward({}, np.zeros((2, 5)))
    with pytest.raises(ValueError, match=r"multiple of 3 but got x.shape=\(2, 5\)"):
        Maxout(3).forward({}, np.zeros((2, 5)))
