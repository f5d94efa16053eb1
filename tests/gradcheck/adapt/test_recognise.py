"""Whatever claims a derivative is recognised by what it is, or refused with a sentence that says what to write."""

import functools
import sys

import numpy as np
import pytest
import recognised_things as things
from object_classes import CacheOnObject, Dictionaries

from gradcheck import InputError, TargetError, Verdict, check
from gradcheck.adapt.recognise import claims, recognise

RNG = np.random.default_rng(5)
X, W, B, LABELS = RNG.normal(size=(4, 3)), RNG.normal(size=(3, 5)), RNG.normal(size=5), np.array([0, 2, 1, 1])
H, C = RNG.normal(size=(4, 5)), RNG.normal(size=(4, 5))

RIGHT = {
    "a class": (CacheOnObject, {"x": X}, {"x", "W", "b"}),
    "an object": (Dictionaries(), {"x": X}, {"x", "W", "b"}),
    "a function that makes one": (lambda: CacheOnObject(), {"x": X}, {"x", "W", "b"}),
    "forward and backward by name": (things.affine_forward, {"x": X, "w": W, "b": B}, {"x", "w", "b"}),
    "the backward, named instead": (things.affine_backward, {"x": X, "w": W, "b": B}, {"x", "w", "b"}),
    "a cell with two outputs and a cache": (
        things.cell_step_forward, {"x": X, "prev_h": H, "prev_c": C, "W": W}, {"x", "prev_h", "prev_c", "W"},
    ),
    "f and f_grad, entry by entry": (things.sigmoid, {"x": X}, {"x"}),
    "f and f_grad of a number": (things.energy, {"x": X}, {"x"}),
    "a loss with the prediction first": (things.mse, {"y_pred": X, "y_true": 2 * X}, {"y_hat"}),
    "(y, pullback)": (things.logarithm, {"x": np.abs(X) + 0.2}, {"x"}),
    "(loss, gradient)": (things.scores_loss, {"x": X, "y": LABELS}, {"x"}),
    "a partial": (functools.partial(things.scaled, factor=3.0), {"x": X}, {"x"}),
    "a keyword of a function": (things.scaled, {"x": X, "factor": 3.0}, {"x"}),
    "a method and its twin": (things.Operations().double, {"x": X}, {"x"}),
    "a layer of the protocol": (things.Protocol(), {"x": X}, {"x", "W"}),
    "a network that holds layers": (
        things.Network, {"x": X}, {"x", "layers.0.W", "layers.0.b", "layers.2.W", "layers.2.b"},
    ),
    "loss(X, y) with a dictionary of gradients": (things.Scored, {"X": X, "y": LABELS}, {"W", "b"}),
    "a backward that takes no cotangent": (things.Squared, {"y_pred": X, "y": 2 * X}, {"y_pred"}),
    "a backward without the input's gradient": (things.Silent, {"x": X}, {"W", "b"}),
    "lists of [w, b]": (things.Pairs, {"x": X}, {"x", "params.0.0", "params.0.1", "params.1.0", "params.1.1"}),
    "lists of weights and biases": (things.Nielsen, {"x": X}, {"x", "weights.0", "weights.1", "biases.0", "biases.1"}),
}  # fmt: skip


@pytest.mark.parametrize("case", RIGHT)
def test_what_is_right_agrees_in_all_that_it_claims(case):
    thing, inputs, claimed = RIGHT[case]
    (target,) = recognise(thing, inputs)
    report = check(target, effort="quick")
    assert report.ok, str(report)
    assert {f.wrt for f in report.findings if f.wrt} == claimed


WRONG = {
    "a network whose second layer doubles dW": (things.Faulty, {"x": X}, "layers.2.W"),
    "lists of [w, b]": (things.FaultyPairs, {"x": X}, "params.1.0"),
    "a twin": (things.faulty_forward, {"x": X, "w": W}, "w"),
    "a cell whose second output is forgotten": (
        things.faulty_step_forward, {"x": X, "prev_h": H, "prev_c": C, "W": W}, "prev_c",
    ),
    "a loss": (things.FaultySquared, {"y_pred": X, "y": 2 * X}, "y_pred"),
    "a regulariser left out": (things.FaultyScored, {"X": X, "y": LABELS}, "W"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_the_same_with_a_mistake_disagrees_where_it_is(case):
    thing, inputs, wrt = WRONG[case]
    report = check(recognise(thing, inputs), effort="quick")
    assert report.verdict is Verdict.DISAGREES, str(report)
    assert {quantity for _, quantity in report.culprits} == {wrt}


REFUSED = {
    "a missing input": (
        things.affine_forward,
        {"x": X, "b": B},
        "affine_forward needs w; it takes x, w, b: --input w=",
    ),
    "an unknown input": (things.affine_forward, {"x": X, "V": W}, "has no input 'V'; it takes x, w, b"),
    "a class that needs arguments": (things.Needy, {"x": X}, r"Needy cannot be made .*def made\(\): return Needy"),
    "a function without a derivative": (things.bare, {"x": X}, "bare returns ndarray, has no twin .*bare_backward"),
    "an object that is nothing": (object(), {"x": X}, "no forward, and is no function"),
    "an unknown convention": (things.Odd, {"x": X}, r"Cannot tell what Odd.backward.*\"adapt\": \"object\""),
    "a backward that leaves nothing": (things.Nothing, {"x": X}, "returned no gradient, and no attribute"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_recognised_is_refused_with_what_to_write(case):
    thing, inputs, message = REFUSED[case]
    with pytest.raises(InputError, match=message):
        recognise(thing, inputs)


def test_what_claims_a_derivative_is_told_without_calling_it():
    claiming = (CacheOnObject, things.affine_forward, things.sigmoid, things.Squared, things.Scored())
    assert all(map(claims, claiming))
    assert not any(map(claims, (things.bare, things.affine_backward, object(), 3.0, np.ones(3))))


# An adapter of another package.

ADAPTER = """
from gradcheck import adapt
from gradcheck.target import Target


class Foreign:
    pass


def adapter(thing, x):
    return adapt.vjp(lambda x: 2 * x, lambda inputs, u: (2 * u,), x, name="foreign")


adapter.recognises = lambda thing: isinstance(thing, Foreign)
unmarked = lambda thing, x: None
"""


@pytest.fixture
def distribution(tmp_path, monkeypatch):
    """Install a distribution whose entry points are given as text, with the module foreign_adapter."""

    def install(value):
        info = tmp_path / "foreign-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: foreign\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[gradcheck.adapters]\nforeign = {value}\n")
        (tmp_path / "foreign_adapter.py").write_text(ADAPTER)
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.delitem(sys.modules, "foreign_adapter", raising=False)

    return install


def test_an_adapter_of_another_package_comes_first_and_only_for_its_own(distribution):
    distribution("foreign_adapter:adapter")
    import foreign_adapter

    (target,) = recognise(foreign_adapter.Foreign(), {"x": X})
    assert target.name == "foreign"
    assert check(target, effort="quick").ok
    assert recognise(things.sigmoid, {"x": X})[0].name == "sigmoid"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("foreign_adapter:absent", "foreign = foreign_adapter:absent .* cannot be imported: AttributeError"),
        ("absent_package:adapter", "cannot be imported: ModuleNotFoundError"),
        ("foreign_adapter:unmarked", r"attribute recognises\(thing\)"),
    ],
)
def test_a_broken_adapter_of_another_package_is_named(distribution, value, message):
    distribution(value)
    with pytest.raises(TargetError, match=message):
        recognise(things.sigmoid, {"x": X})
