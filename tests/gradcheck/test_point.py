"""The point of a check: which values are differentiated, which are constants, and that nobody else's arrays move."""

import numpy as np
import pytest

from gradcheck import InputError, Point
from gradcheck.point import differentiable, validated


@pytest.mark.parametrize(
    ("value", "yes"),
    [
        (np.zeros(2), True),
        (np.float32(1), True),
        (np.zeros(2, complex), True),
        (np.arange(3), False),
        (np.array([True]), False),
        (np.array(["a"]), False),
        (1.0, False),
        (None, False),
    ],
    ids=str,
)
def test_floats_and_complex_numbers_can_be_differentiated_and_nothing_else(value, yes):
    assert differentiable(value) is yes


def test_blocks_are_the_floating_point_inputs_in_order():
    point = Point(("ids", "W", "flag", "b"), (np.arange(3), np.ones((2, 3)), True, np.float64(2)))
    assert point.blocks == ("W", "b")
    assert np.array_equal(point["W"], np.ones((2, 3)))


@pytest.mark.parametrize(
    ("names", "values", "sentence"),
    [
        (("x",), (np.ones(2), np.ones(2)), r"Expected one name an input but got 1 names for 2 inputs: \('x',\)"),
        (("x", "x"), (np.ones(2), np.ones(2)), r"Expected distinct names of inputs but got \('x', 'x'\)"),
        (("n",), (np.arange(2),), r"Expected at least one floating-point input but got n: int64; .*\.astype\(float\)"),
        ((), (), r"Expected at least one floating-point input but got none"),
    ],
)
def test_a_point_that_cannot_be_is_refused(names, values, sentence):
    with pytest.raises(InputError, match=sentence):
        Point(names, values)


def test_copies_are_fresh_and_keep_the_memory_layout():
    column = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    point = Point(("x", "k"), (column, "constant"))
    first, second = point.copies(), point.copies()
    first[0][0, 0] = 99
    assert column[0, 0] == second[0][0, 0] == 0
    assert second[0].flags.f_contiguous
    assert second[1] == "constant"


@pytest.mark.parametrize(
    ("value", "shape"), [(2.5, ()), (np.float32(2.5), ()), ([1.0, 2.0], (2,)), ([[1.0], [2.0]], (2, 1)), (1 + 2j, ())]
)
def test_numbers_and_lists_become_arrays(value, shape):
    found = validated("x", value)
    assert isinstance(found, np.ndarray)
    assert found.shape == shape


@pytest.mark.parametrize("value", [None, "text", True, 3, np.arange(3)], ids=str)
def test_what_holds_no_floats_passes_as_a_constant_unless_a_derivative_is_asked_for(value):
    assert validated("x", value) is value
    with pytest.raises(InputError, match=r"Expected .*float.* for x but got"):
        validated("x", value, must_differentiate=True)


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (np.zeros((0, 3)), r"Expected at least one entry in x but got shape \(0, 3\)"),
        (np.array([1.0, np.nan, np.inf]), r"2 NaN or infinite of 3, the first at x\[1\]"),
        (np.array([[1.0], [-np.inf]]), r"1 NaN or infinite of 2, the first at x\[1, 0\]"),
        (np.array([None, 1.0]), r"Expected numbers for x but got an array of dtype=object"),
        (np.nan, r"1 NaN or infinite of 1, the first at x\[\]"),
    ],
)
def test_what_no_check_could_use_is_refused(value, sentence):
    with pytest.raises(InputError, match=sentence):
        validated("x", value)


def test_an_input_error_is_a_value_error_for_who_knows_nothing_of_gradcheck():
    with pytest.raises(ValueError, match="Expected"):
        validated("x", np.zeros(0))
