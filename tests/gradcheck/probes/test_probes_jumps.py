"""Jumps are told from cusps and kinks wherever these lie on the grids."""

import numpy as np
import pytest

from gradcheck.probes.jumps import jump_size

PLACES = np.random.default_rng(6).uniform(-0.24, 0.24, 60)


@pytest.mark.parametrize("power", [0.5, 0.6, 0.8, 1.0])
def test_no_cusp_or_kink_is_a_jump(power):
    assert not any(jump_size(lambda t, place=place: np.sin(3 * t) + abs(t - place) ** power) for place in PLACES)


def test_several_cusps_are_no_jump():
    for places in PLACES.reshape(-1, 4):
        assert jump_size(lambda t, places=places: np.sin(t) + np.sum(np.sqrt(np.abs(t - places)))) == 0.0


@pytest.mark.parametrize("size", [1e-9, 1e-5, 0.3])
def test_every_jump_is_seen_at_its_size(size):
    # the eighth difference of a step is at most 35 of it, and its size is told as 70 of one
    for place in PLACES:
        assert jump_size(lambda t, place=place: np.sin(t) + size * (t > place)) == pytest.approx(size / 2, rel=0.01)


def test_a_jump_beside_a_cusp_is_seen():
    for place in PLACES[:20]:
        assert jump_size(lambda t, place=place: np.sqrt(abs(t + 0.1)) + 3.0 * (t > place)) > 0.0
