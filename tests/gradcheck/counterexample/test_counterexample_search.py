"""The search: minimal, within its budget; and the cases that it goes through."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planted_small import targets

from gradcheck.counterexample.case import Case, resized, slots
from gradcheck.counterexample.objects import constructed, integers, with_integer
from gradcheck.counterexample.search import Budget, Enough, smallest


def linked(choices):
    """Two sizes that have to stay equal, as n_in and the last axis of x."""
    return choices[0] == choices[3] >= 1 and choices[2] >= 1


def test_sizes_that_have_to_stay_equal_are_lowered_together():
    assert smallest((4, 2, 5, 4, 3), linked) == (1, 0, 1, 1, 0)


def test_a_rare_mistake_is_made_small():
    start = (*(8,) * 6, 7, *(8,) * 6, 6, *(8,) * 6)
    found = smallest(start, lambda c: c[6] == 7 and c[13] == 6)
    assert found == (*(0,) * 6, 7, *(0,) * 6, 6, *(0,) * 6)


@given(st.lists(st.integers(0, 40), min_size=1, max_size=6), st.lists(st.integers(0, 9), min_size=6, max_size=6))
@settings(deadline=None, database=None)
def test_what_is_found_shows_and_nothing_that_was_known_to_fail_is_tried_again(start, least):
    seen = []

    def shows(choices):
        seen.append(choices)
        return all(c >= low or c == s for c, low, s in zip(choices, least, start, strict=False))

    found = smallest(start, shows)
    assert found == tuple(min(low, s) for low, s in zip(least, start, strict=False))
    assert len(seen) == len(set(seen))


def test_large_sizes_are_not_gone_through_one_by_one():
    budget = Budget()

    def shows(choices):
        budget.spend()
        return choices[0] >= 300

    assert smallest((5000,), shows) == (300,)
    assert budget.tried < 400


def test_the_budget_ends_it_with_the_best_so_far():
    budget = Budget(candidates=20)

    def shows(choices):
        budget.spend()
        return choices[0] >= 5

    found = smallest((9,) * 30, shows)
    assert budget.tried == 20
    assert found[0] >= 5
    with pytest.raises(Enough):
        budget.spend()


class Plain:
    def __init__(self, size, inner, *, shape=(3, 5)):
        self.size, self.inner, self.shape = size, inner, shape


class Hidden:
    def __init__(self, size):
        self.other = size


def test_integers_are_found_in_objects_that_keep_what_they_were_given():
    thing = Plain(4, Plain(2, None, shape=(7,)))
    found = dict(integers(thing))
    assert found == {("size",): 4, ("inner", "size"): 2, ("inner", "shape", 0): 7, ("shape", 0): 3, ("shape", 1): 5}
    changed = with_integer(thing, ("inner", "shape", 0), 1)
    assert (changed.inner.shape, changed.size, thing.inner.shape) == ((1,), 4, (7,))
    assert constructed(Hidden(3)) is None
    assert constructed(len) is None
    assert constructed(3.0) is None


def test_an_array_is_cut_or_drawn_in_its_own_range():
    target = targets()["MSE"]
    y, y_hat = np.linspace(0.1, 0.9, 12).reshape(4, 3), np.linspace(-5.0, -2.0, 12).reshape(4, 3)
    case = Case(target.recipe.things, (y, y_hat))
    found = slots(case, target.recipe)
    assert [slot.size for slot in found] == [4, 3, 4, 3]
    sizes = list(zip(found, (2, 3, 2, 3), strict=True))
    cut = resized(case, target.recipe, sizes, 0)
    np.testing.assert_array_equal(cut.arguments[1], y_hat[:2])
    for draw in (1, 2):
        drawn = resized(case, target.recipe, sizes, draw)
        assert [a.shape for a in drawn.arguments] == [(2, 3), (2, 3)]
        assert np.all((drawn.arguments[0] > 0) & (drawn.arguments[0] < 1))
        assert np.all(drawn.arguments[1] < 0)
