"""The same question has the same answer: twice, whatever else is asked, and in any order."""

from dataclasses import replace

import numpy as np
import pytest
from planted_checks import PLANTED, affine, spoiled

import gradcheck
import netcore
from gradcheck import adapt

PURE = [p for p in PLANTED if p.check not in ("value.repeatable", "pullback.repeatable")]


def timeless(report):
    """The report without its wall time."""
    return replace(report, seconds=0.0)


def named(*targets):
    return [replace(target, name=f"target {i}") for i, target in enumerate(targets)]


def network():
    model = netcore.Model([3, 5, 2], act="relu", seed=3)
    rng = np.random.default_rng(71)
    x = rng.normal(size=(7, 3))
    x[0] = 0.0
    return adapt.model(model, x, rng.normal(size=(7, 2)))


@pytest.mark.parametrize("planted", PURE[::3], ids=str)
def test_a_fault_is_told_twice_in_the_same_words_and_numbers(planted):
    first, second = (gradcheck.check(planted.wrong(), seed=5) for _ in range(2))
    assert timeless(first).to_json() == timeless(second).to_json()


@pytest.mark.parametrize("effort", ["quick", "standard", "thorough"])
def test_a_network_is_reported_twice_the_same(effort):
    first, second = (gradcheck.check(network(), seed=5, effort=effort) for _ in range(2))
    assert timeless(first).to_json() == timeless(second).to_json()


def test_findings_of_a_target_do_not_depend_on_what_else_is_checked_nor_on_the_order():
    targets = network() + named(affine(), affine(spoiled("W", lambda g, i, u: 1.01 * g)))
    alone = {target.name: gradcheck.check(target).findings for target in targets}
    for order in (targets, targets[::-1], targets[2:] + targets[:2]):
        report = gradcheck.check(order)
        together = {target.name: tuple(f for f in report.findings if f.target == target.name) for target in order}
        for name, findings in alone.items():
            assert [(f.id, f.verdict, f.gap, f.allowed) for f in together[name]] == [
                (f.id, f.verdict, f.gap, f.allowed) for f in findings
            ]


def test_the_global_generator_neither_matters_nor_moves():
    np.random.seed(1)  # noqa: NPY002
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    first = gradcheck.check(network())
    assert np.array_equal(np.random.get_state()[1], state)  # noqa: NPY002
    np.random.seed(2)  # noqa: NPY002
    assert timeless(gradcheck.check(network())) == timeless(first)


def test_another_seed_draws_other_directions_and_gives_the_same_verdict():
    numbers = set()
    for seed in range(4):
        report = gradcheck.check(affine(), seed=seed)
        assert report.ok
        numbers.add(next(f.measured for f in report.findings if f.check == "gradient.direction"))
    assert len(numbers) == 4


def test_another_name_draws_other_directions():
    first, second = (gradcheck.check(target) for target in named(affine(), affine()))
    measured = [[f.measured for f in r.findings if f.check == "gradient.direction"] for r in (first, second)]
    assert measured[0] != measured[1]


def test_inputs_are_left_as_they_were_and_later_changes_of_them_matter_to_nobody():
    x = np.random.default_rng(72).normal(size=(2, 3))
    kept = x.copy()
    target = adapt.vjp(np.sin, lambda i, u: (u * np.cos(i[0]),), x, names=("x",), name="sine")
    assert gradcheck.check(target).ok
    assert np.array_equal(x, kept)
