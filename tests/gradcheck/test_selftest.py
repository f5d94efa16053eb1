"""The gate's own test: planted mistakes are caught in right targets, and a weak gate is told to be weak."""

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import gradcheck
import netcore
from gradcheck import Settings, adapt
from gradcheck.checks import memory, pullback
from gradcheck.faults import FAULTS
from gradcheck.selftest import Selftest, representative, selftest
from tests import warm

ROOT = Path(__file__).parents[2]
RNG = np.random.default_rng(101)


def dense(dtype=np.float64):
    layer = netcore.Dense(3, 5)
    params = {name: (value + 0.1).astype(dtype) for name, value in layer.init(np.random.default_rng(1)).items()}
    return adapt.layer(layer, params, RNG.normal(size=(4, 3)).astype(dtype), name="dense")


def recurrent():
    layer = netcore.RNN(3, 3)
    return adapt.layer(layer, layer.init(np.random.default_rng(2)), RNG.normal(size=(2, 4, 3)), name="recurrent")


def cross_entropy():
    return adapt.loss(netcore.MSE(), RNG.normal(size=(5, 2)), RNG.normal(size=(5, 2)), name="mse")


@pytest.fixture(scope="module")
def whole():
    """Every mistake in a layer, in a recurrent one, and in a loss."""
    return selftest([dense(), recurrent(), cross_entropy()], Settings())


def test_everything_that_has_to_be_caught_is_caught(whole):
    assert whole.missed == ()
    assert whole.exit_code == 0, [a for a in whole.attempts if a.due and a.outcome != "caught"]


def test_every_mistake_of_the_catalogue_was_planted_somewhere(whole):
    assert {attempt.fault for attempt in whole.attempts} == {fault.id for fault in FAULTS}
    assert len({fault.id for fault in FAULTS}) == len(FAULTS) >= 30


def test_the_smallest_size_caught_is_told_for_mistakes_with_a_size(whole):
    for fault in FAULTS:
        sizes = whole.smallest(fault.id)
        assert (sizes is not None) == fault.sized
        if sizes is not None:
            assert sizes[0] <= sizes[1] <= 1e-6 * np.sqrt(15)


def test_below_the_smallest_size_caught_a_mistake_is_not_due(whole):
    sized = [a for a in whole.attempts if a.size is not None]
    assert any(not a.due and a.outcome != "caught" for a in sized)
    assert all(a.outcome == "caught" for a in sized if a.due)


def test_what_breaks_the_form_is_caught_by_a_check_of_form_and_what_is_wrong_in_numbers_by_a_measurement(whole):
    for attempt in whole.attempts:
        fault = next(f for f in FAULTS if f.id == attempt.fault)
        if attempt.outcome == "caught" and not fault.form and attempt.fault not in ("clipped", "cotangent ignored"):
            measured = [c for c in attempt.checks if c.startswith(("gradient.", "model."))]
            assert measured or attempt.fault in ("absolute value", "a regulariser added"), attempt


def test_float32_is_held_to_its_own_resolution():
    result = selftest([dense(np.float32)], Settings())
    assert result.exit_code == 0, [a for a in result.attempts if a.due and a.outcome != "caught"]
    best, worst = result.smallest("a factor on a block")
    assert 1e-7 < best <= worst <= 1e-3


def test_a_gate_without_its_checks_of_form_is_told_to_be_weak(monkeypatch):
    """With checks that never find anything the mistakes of form are missed, and the exit code says so."""
    from gradcheck import checks

    def silent(trial):
        return iter(())

    weak = tuple(
        replace(check, run=silent) if check.id.startswith(("contract.", "pullback.", "value.")) else check
        for check in checks._CHECKS
    )
    monkeypatch.setattr(checks, "_CHECKS", weak)
    assert memory.contract_mutation is not silent
    assert pullback.pullback_linear is not silent
    result = selftest([dense()], Settings())
    missed = {attempt.fault for attempt in result.missed}
    assert {"writes into the cotangent", "an internal buffer", "None"} <= missed
    assert not missed & {"twice", "zero", "the sign turned"}
    assert result.exit_code == 1


def test_a_target_that_is_not_right_is_left_out_and_named():
    wrong = adapt.vjp(np.sin, lambda i, u: (2 * u * np.cos(i[0]),), RNG.normal(size=(2, 3)), names=("x",), name="wrong")
    result = selftest([wrong], Settings())
    assert result.attempts == ()
    assert result.unusable == (("wrong", "DISAGREES"),)
    assert result.exit_code == 5


def test_a_mistake_that_changes_nothing_is_not_planted():
    """In a scalar function there is no axis to reverse, and a single block has no partner to be swapped with."""
    target = adapt.vjp(np.sin, lambda i, u: (u * np.cos(i[0]),), np.array([0.7]), names=("x",), name="one")
    planted = {attempt.fault for attempt in selftest([target], Settings()).attempts}
    assert not planted & {"an axis reversed", "two gradients swapped", "off by one", "transposed"}
    assert "twice" in planted


def test_a_limit_spreads_the_catalogue_over_the_targets():
    result = selftest([dense(), recurrent(), cross_entropy()], Settings(), most=12)
    kinds = [attempt.fault for attempt in result.attempts]
    assert len(set(kinds)) >= 10
    assert len({attempt.target for attempt in result.attempts}) == 3


def test_the_same_mistakes_have_the_same_outcome_twice():
    first, second = (selftest([dense()], Settings(seed=3), most=2) for _ in range(2))
    assert first == second


def test_one_target_stands_for_each_class():
    targets = [dense(), dense(), recurrent(), cross_entropy(), replace(dense(), role="end_to_end", subject=3)]
    assert [target.name for target in representative(targets)] == ["dense", "recurrent", "mse"]


def test_nothing_planted_is_no_success():
    assert Selftest(()).exit_code == 5


def command(*arguments, cwd=ROOT):
    return warm.run(["selftest", *arguments], cwd=cwd, env=os.environ, timeout=120)


def test_the_command_tells_a_row_a_mistake_and_the_sum():
    done = command("--only", "Dense[3,5]", "--most", "8")
    assert done.returncode == 0, done.stderr
    rows = done.stdout.splitlines()
    assert rows[0].startswith("a factor on a block")
    assert "smallest caught" in rows[0]
    assert rows[-1].endswith("mistakes caught in 1 target")


def test_the_command_plants_in_a_users_own_module_and_tells_json(tmp_path):
    (tmp_path / "mine.py").write_text(
        "import numpy as np\n"
        "class Sine:\n"
        "    def __call__(self, x): return np.sin(x)\n"
        "    def grad(self, x): return np.cos(x)\n"
        "def gradcheck_targets():\n"
        "    yield {'adapt': 'activation', 'act': Sine(), 'x': np.random.default_rng(0).normal(size=(2, 3))}\n"
    )
    done = command(str(tmp_path / "mine.py"), "--format", "json", "--most", "12")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["exit_code"] == 0
    assert {attempt["target"] for attempt in told["attempts"]} == {"Sine"}
    assert len(told["attempts"]) >= 12


def test_selftest_uses_the_very_checks_of_an_audit():
    """What selftest verifies, check verifies: the strength that is told is that of the gate."""
    target = dense()
    report = gradcheck.check(target)
    assert report.ok
    assert selftest([target], Settings(), most=1).unusable == ()
