"""Random numbers for one purpose: repeatable, unlike those of any other, and spread as they say."""

import numpy as np
import pytest

from gradcheck import streams

PURPOSES = [
    *((0, "a"), (1, "a"), (0, "b"), (0, "a", 0), (0, "a", 1), (0, "a", False), (0, "a", 0.5)),
    *((0, "ab", "c"), (0, "a", "bc")),
]


def test_the_same_words_give_the_same_numbers_and_others_give_others():
    draws = [tuple(streams.stream(*purpose).random(3)) for purpose in PURPOSES]
    assert draws == [tuple(streams.stream(*purpose).random(3)) for purpose in PURPOSES]
    assert len(set(draws)) == len(PURPOSES)
    assert len({streams.number(*purpose) for purpose in PURPOSES}) == len(PURPOSES)


def test_numbers_and_streams_are_uniform():
    numbers = np.array([streams.number(3, "uniform", k) for k in range(4000)])
    first = np.array([streams.stream(3, "uniform", k).random() for k in range(4000)])
    for drawn in (numbers, first):
        counts, _ = np.histogram(drawn, bins=10, range=(0, 1))
        assert counts.sum() == 4000
        assert np.abs(counts - 400).max() < 5 * np.sqrt(400)


@pytest.mark.parametrize("shape", [(3, 1000), (4000,)])
def test_a_direction_has_no_small_entry_and_both_signs(shape):
    drawn = streams.off_zero(streams.stream(0, "direction"), shape)
    assert drawn.shape == shape
    assert 0.5 <= np.abs(drawn).min() < 0.51 < 1.49 < np.abs(drawn).max() <= 1.5
    assert abs(np.mean(drawn > 0) - 0.5) < 0.05
    assert set(np.unique(streams.signs(streams.stream(0, "signs"), shape))) == {-1.0, 1.0}
