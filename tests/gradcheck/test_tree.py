"""Nests of arrays are taken apart and put together again in one order."""

from collections import OrderedDict, namedtuple

import numpy as np
import pytest

from gradcheck.tree import is_container, leaves, rebuild

State = namedtuple("State", "h c")
A, B, C = np.zeros(2), np.ones((2, 3)), np.full(5, 2.0)
NESTS = [
    A,
    (A, B),
    [A, [B, C]],
    {"W": A, "b": B},
    {"z": A, "a": (B, {"deep": C})},
    State(A, (B, C)),
    OrderedDict(y=A, x=B),
    (),
    {},
    None,
    3.0,
]


@pytest.mark.parametrize("nest", NESTS, ids=lambda nest: type(nest).__name__)
def test_a_nest_put_together_of_its_own_leaves_is_the_same(nest):
    own = iter([leaf for _, leaf in leaves(nest)])
    again = rebuild(nest, lambda _: next(own))
    assert list(own) == []
    assert [name for name, _ in leaves(again)] == [name for name, _ in leaves(nest)]
    assert all(a is b for (_, a), (_, b) in zip(leaves(again), leaves(nest), strict=True))


def test_leaves_are_named_by_their_path_in_the_order_of_the_nest():
    nest = {"z": A, "a": (B, {"deep": C})}
    assert [name for name, _ in leaves(nest)] == ["z", "a.0", "a.1.deep"]
    assert [name for name, _ in leaves(nest, "params")] == ["params.z", "params.a.0", "params.a.1.deep"]
    assert [name for name, _ in leaves(A, "x")] == ["x"]


def test_a_named_tuple_keeps_its_type():
    again = rebuild(State(A, B), lambda leaf: leaf + 1)
    assert isinstance(again, State)
    assert np.array_equal(again.c, B + 1)


def test_tuples_stay_tuples_and_lists_lists():
    assert rebuild((A, [B, None]), lambda leaf: 0) == (0, [0, 0])


@pytest.mark.parametrize("value", [[1.0, 2.0], (1, 2, 3), [1j], A, 3.0, None, "ab"], ids=str)
def test_plain_numbers_in_a_row_are_one_leaf(value):
    assert not is_container(value)


@pytest.mark.parametrize("value", [(A, B), [A, 1.0], {}, {"a": 1.0}], ids=str)
def test_what_holds_arrays_is_a_nest(value):
    assert is_container(value)
