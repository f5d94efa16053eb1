"""What is done piece by piece is what numpy does with the whole, in less memory."""

import tracemalloc

import numpy as np
import pytest

from gradcheck.pieces import LARGE, banded, changed, distance, dot, extremes, moved, norm_along, pieces, same

RNG = np.random.default_rng(7)
SHAPES = [(3, 5), (300, 401), (LARGE,), (2, 7, 6007)]
LAYOUTS = {"C": np.ascontiguousarray, "F": np.asfortranarray, "strided": lambda a: np.repeat(a, 2, axis=-1)[..., ::2]}


@pytest.fixture(params=SHAPES, ids=str)
def pair(request):
    return RNG.normal(size=request.param), RNG.normal(size=request.param)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("unit", [1.0, 1 + 2j], ids=["real", "complex"])
def test_sums_and_distances_are_those_of_the_whole(pair, layout, unit):
    """The rounding of a sum of n terms is below n spacings of the norms' product; √n of them are typical."""
    a, b = LAYOUTS[layout](unit * pair[0]), (2 - unit) * pair[1]
    size = np.linalg.norm(a) * np.linalg.norm(b)
    assert dot(a, b) == pytest.approx(np.vdot(a, b).real, abs=1e-13 * size)
    assert norm_along(a, b) == pytest.approx(np.linalg.norm(a * b), rel=1e-12)
    assert distance(a, b) == pytest.approx(np.linalg.norm(a - b), rel=1e-12)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_moves_and_changes_are_those_of_the_whole_to_the_last_bit(pair, layout):
    x, v = LAYOUTS[layout](pair[0]), pair[1]
    assert np.array_equal(moved(x, v, 0.37), x + 0.37 * v)
    assert np.array_equal(changed(x, lambda z: np.sin(z) * 3), np.sin(x) * 3)
    assert np.array_equal(moved(x.astype(np.float32), v, 0.37), (x.astype(np.float32) + 0.37 * v).astype(np.float32))


def test_a_step_along_a_narrow_direction_is_not_rounded_to_it():
    x = np.zeros((300, 401))
    v = banded(RNG, x.shape)
    assert v.dtype == np.float32
    assert np.array_equal(moved(x, v, 1 / 3), v.astype(float) * (1 / 3))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_banded_direction_has_both_signs_and_no_faint_entry(shape):
    v = banded(np.random.default_rng(1), shape, 0.2)
    sizes = np.abs(v) / 0.2
    assert np.all((sizes > 0.4999) & (sizes < 1.5001))
    assert 0 < np.mean(v > 0) < 1
    assert np.unique(v).size > 0.99 * v.size


@pytest.mark.parametrize("size", [1e-30, 1e30])
def test_a_direction_beyond_float32_is_float64(size):
    v = banded(RNG, (300, 401), size)
    assert v.dtype == np.float64
    assert np.all((np.abs(v) > 0.49 * size) & (np.abs(v) < 1.51 * size))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_arrays_are_the_same_where_all_entries_are_or_are_no_numbers(shape):
    a = RNG.normal(size=shape)
    a.flat[-1] = np.nan
    b = a.copy()
    assert same(a, b)
    b.flat[-2] = np.nextafter(b.flat[-2], 9)
    assert not same(a, b)
    assert not same(a, np.where(np.isnan(a), 0, a))
    assert not same(a, a[..., :-1])


def test_extremes_leave_out_zeros_and_what_is_not_finite():
    a = np.full((300, 401), -2.0)
    a[0, :4] = 0.0, np.inf, 1e-3, -7.0
    assert extremes(a) == (1e-3, 7.0)
    assert extremes(np.zeros((2, 3))) == (np.inf, 0.0)


def test_what_is_written_to_a_piece_stays():
    a = np.asfortranarray(RNG.normal(size=(300, 401)))
    out = np.empty(a.shape)
    for part, there in pieces(a, out=out):
        there[...] = 2 * part
    assert np.array_equal(out, 2 * a)


@pytest.mark.parametrize("operation", [norm_along, distance, dot, same], ids=lambda f: f.__name__)
def test_no_array_as_large_is_made(operation):
    a, b = RNG.normal(size=(700, 900)), RNG.normal(size=(700, 900))
    tracemalloc.start()
    operation(a, b)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 0.15 * a.nbytes
