"""Settings: what may be asked for, in which words the rest is refused, and what effort buys."""

import dataclasses

import pytest

import gradcheck
from gradcheck import InputError, Settings
from gradcheck.settings import EFFORTS

REFUSED = [
    ({"effort": "hard"}, "Expected effort to be one of quick, standard, thorough but got effort='hard'"),
    ({"seed": -1}, "Expected seed to be a non-negative integer but got seed=-1"),
    ({"seed": 1.5}, "Expected seed to be a non-negative integer but got seed=1.5"),
    ({"seed": True}, "Expected seed to be a non-negative integer but got seed=True"),
    ({"seed": None}, "Expected seed to be a non-negative integer but got seed=None"),
    ({"resolution": 0}, r"Expected resolution to lie in \(0, 1\) but got resolution=0"),
    ({"resolution": 1.0}, r"Expected resolution to lie in \(0, 1\) but got resolution=1.0"),
    ({"resolution": float("nan")}, r"Expected resolution to lie in \(0, 1\) but got resolution=nan"),
    ({"tolerance": -1e-3}, r"Expected tolerance to lie in \(0, 1\) but got tolerance=-0.001"),
    ({"tolerance": float("inf")}, r"Expected tolerance to lie in \(0, 1\) but got tolerance=inf"),
]


@pytest.mark.parametrize(("given", "sentence"), REFUSED)
def test_what_cannot_be_meant_is_refused(given, sentence):
    with pytest.raises(InputError, match=sentence):
        Settings(**given)
    with pytest.raises(InputError, match=sentence):
        gradcheck.check([], **given)


def test_settings_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings().seed = 3


def test_more_effort_buys_more_of_everything():
    quick, standard, thorough = (Settings(effort=name).budget for name in ("quick", "standard", "thorough"))
    for field in dataclasses.fields(quick):
        amounts = [getattr(effort, field.name) for effort in (quick, standard, thorough)]
        assert amounts == sorted(amounts)
        assert len(set(amounts)) == 3
    assert list(EFFORTS) == ["quick", "standard", "thorough"]
