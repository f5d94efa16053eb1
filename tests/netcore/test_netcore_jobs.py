"""The jobs that users run, seen from outside, and what they report."""

import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import dataclass

import numpy as np
import pytest

from netcore import CrossEntropy, Dense, History, Model, Tanh
from netcore.jobs.auditing import Audit, find_auditor
from netcore.jobs.chars import chars, windows_of
from netcore.jobs.curves import spark, svg
from netcore.jobs.outcome import Outcome, markdown, text, write


def run(*arguments):
    return subprocess.run([sys.executable, "-m", "netcore", *arguments], capture_output=True, text=True)


def test_the_digits_are_learnt_to_the_goal(tmp_path):
    pytest.importorskip("sklearn")
    done = run("digits", "--network", "dense", "--no-audit", "--out", str(tmp_path))
    assert done.returncode == 0, done.stderr
    accuracy = float(re.search(r"accuracy +([\d.]+)%", done.stdout)[1])
    assert accuracy >= 97
    assert f"{accuracy:.2f}%" in (tmp_path / "report.md").read_text()
    ET.parse(tmp_path / "curve.svg")


@pytest.mark.slow
def test_the_convolutional_network_learns_the_digits_and_verifies_itself():
    pytest.importorskip("sklearn")
    done = run("digits", "--network", "conv")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"every gradient of all 11 verified \([\d.]+ s, \d% of the time\)", done.stdout)


@pytest.mark.parametrize("network", ["gru", "lstm", "attention"])
def test_each_character_model_learns_more_than_how_common_characters_are(network):
    outcome = chars(network, epochs=1, audit=False)
    assert outcome.passed
    assert outcome.audits is None


def test_windows_are_followed_by_the_next_character():
    x, y = windows_of(np.arange(100), stride=8)
    np.testing.assert_array_equal(y, x + 1)
    assert x.shape == (9, 32)
    with pytest.raises(ValueError, match="a text of more than 320 characters"):
        windows_of(np.arange(32), stride=8)


def test_help_names_the_jobs():
    done = run("--help")
    assert done.returncode == 0
    assert "digits" in done.stdout
    assert "chars" in done.stdout


def test_a_job_runs_where_no_checker_is_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "gradcheck", None)
    assert find_auditor() is None


@dataclass(frozen=True)
class HalfTanh(Tanh):
    """A wrong layer: its derivative is half of what it should be."""

    def grad(self, x):
        return 0.5 * super().grad(x)


@pytest.mark.parametrize(("act", "ok", "culprits"), [(Tanh(), True, ()), (HalfTanh(), False, ("1 HalfTanh x",))])
def test_an_audit_verifies_right_layers_and_names_wrong_ones(act, ok, culprits):
    model = Model([Dense(3, 4), act, Dense(4, 2)], loss=CrossEntropy())
    model.cast(np.float32)
    auditor = find_auditor()
    x = np.random.default_rng(1).normal(size=(9, 3)).astype(np.float32)
    auditor(model, x, np.arange(9) % 2, 17)
    (audit,) = auditor.audits
    assert (audit.step, audit.ok, audit.culprits) == (17, ok, culprits)
    assert audit.parts == ("0 Dense", f"1 {type(act).__name__}", "2 Dense")
    assert model.params[0]["W"].dtype == np.float32


def test_an_auditor_comes_to_every_part_in_turn_and_ends_with_what_is_left():
    model, auditor = Model([Dense(3, 4), HalfTanh(), Dense(4, 2)], loss=CrossEntropy()), find_auditor()
    x, y = np.random.default_rng(1).normal(size=(9, 3)), np.arange(9) % 2
    auditor.at_once = 4
    auditor(model, x, y, 0)
    auditor.finish(model, x, y, 5)
    assert [a.parts[-1] for a in auditor.audits] == ["loss", "end to end"]
    assert [a.culprits for a in auditor.audits] == [("1 HalfTanh x",)] * 2  # not the whole, which only suffers from it
    auditor.finish(model, x, y, 6)
    assert len(auditor.audits) == 2
    auditor(model, x, y, 7)
    assert auditor.audits[-1].parts[0] == "0 Dense"


def outcome(*audits):
    history = History(loss=[1.0, 0.5, 0.1], validation=[1.1, 0.7, 0.4], seconds=20.0, hook_seconds=1.0)
    return Outcome("A job", (("accuracy", "98%"),), history, audits or None, passed=True)


def test_a_report_says_what_was_reached_and_what_the_audits_found():
    clean = Audit(0, ("0 Dense", "1 Tanh"), "AGREES", True, (), 0.5)
    wrong = Audit(40, ("2 Dense",), "DISAGREES", False, ("2 Dense W",), 0.5)
    assert "every gradient of all 2 verified (1.0 s, 5% of the time)" in text(outcome(clean))
    assert "1 of 2 not verified, first DISAGREES at step 40 2 Dense W" in text(outcome(clean, wrong))
    assert "no checker is installed" in text(outcome())
    assert outcome(clean).ok
    assert outcome().ok
    assert not outcome(clean, wrong).ok
    assert "| 40 | 2 Dense | DISAGREES | 2 Dense W | 0.50 |" in markdown(outcome(clean, wrong), "curve.svg")


def test_a_report_is_a_page_and_a_picture(tmp_path):
    write(outcome(), tmp_path / "new" / "folder")
    assert "![Learning curve](curve.svg)" in (tmp_path / "new" / "folder" / "report.md").read_text()
    root = ET.parse(tmp_path / "new" / "folder" / "curve.svg").getroot()
    lines = root.findall("{*}polyline")
    assert [len(line.get("points").split()) for line in lines] == [3, 3]


def test_curves_of_odd_values_are_drawn_all_the_same():
    assert spark([0.0, 7.0, float("nan"), 3.5]) == "▁█?▅"
    assert spark([2.0, 2.0]) == "▁▁"
    for curves in ({}, {"a": [1.0]}, {"a & b": [1.0, 0.0, float("inf"), 1e-9]}):
        ET.fromstring(svg(curves, "T < U"))
