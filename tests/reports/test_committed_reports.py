"""The committed reports are what today's renderers make of the committed JSON, and say what they are meant to say."""

import importlib.util
from pathlib import Path

import pytest

from gradcheck.compare import Verdict
from gradcheck.report import Report
from gradcheck.report.rows import rows_of
from gradcheck.report.write import KINDS

REPORTS = Path(__file__).parents[2] / "reports"
_spec = importlib.util.spec_from_file_location("reproduce", REPORTS / "reproduce.py")
reproduce = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(reproduce)


def load(name):
    return Report.from_json((REPORTS / name / "report.json").read_bytes(), origin=name)


@pytest.mark.parametrize("name", sorted(reproduce.SUBJECTS))
@pytest.mark.parametrize("kind", sorted(reproduce.KINDS))
def test_a_committed_report_is_what_its_json_renders_to(name, kind):
    assert (REPORTS / name / reproduce.KINDS[kind]).read_text(encoding="utf-8") == KINDS[kind](load(name))


def test_the_index_is_made_of_the_reports():
    assert (REPORTS / "README.md").read_text(encoding="utf-8") == reproduce.index()


@pytest.mark.parametrize("name", sorted(reproduce.SUBJECTS))
def test_no_report_names_a_place_of_the_machine_that_made_it(name):
    report = load(name)
    assert not [f for f in report.findings if f.source is not None and f.source[0].startswith("/")]
    assert str(REPORTS.parent) not in (REPORTS / name / "report.json").read_text(encoding="utf-8")


def test_netcore_is_verified():
    report = load("netcore")
    assert report.ok
    assert report.verdict in (Verdict.AGREES, Verdict.KINK)


def test_the_notebooks_faults_are_its_losses_and_its_batch_means_and_nothing_else():
    red = {(row.label.partition("/")[2] or row.label, row.wrt) for row in rows_of(load("notebook")) if row.red}
    layers = {(f"{i} Layer", wrt) for i in (0, 1) for wrt in ("W", "b")}
    assert red == layers | {("loss", "y_hat"), ("LogLoss", "y_hat")}
