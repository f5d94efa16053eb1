"""list, explain, report, replay; GitHub's summary; the help of every command."""

import json
import re
from pathlib import Path

import pytest
from cli_project import FAULTY

import gradcheck as gradcheck_package
from gradcheck.commands import COMMANDS
from gradcheck.explain import topics

FAMILIES = "value|contract|pullback|gradient|adjoint|structure|second_order|model|audit|gate"


def test_list_names_quantities_as_only_takes_them(gradcheck):
    done = gradcheck("list", "faulty")
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        "Dense[3,5]:x  4×3 float64",
        "Dense[3,5]:W  3×5 float64",
        "Dense[3,5]:b  1×5 float64",
        "Relu:x  4×3 float64",
    ]
    assert gradcheck("list", "faulty", "--only", "*:W").stdout == "Dense[3,5]:W  3×5 float64\n"
    assert gradcheck("list", "faulty", "--only", "nothing").returncode == 5


def test_every_check_that_a_report_names_is_explained(gradcheck):
    found = json.loads(gradcheck("faulty", "--format", "json").stdout)["findings"]
    for check in sorted({finding["check"] for finding in found})[::6]:  # each is a process; the next test has them all
        done = gradcheck("explain", check)
        assert done.returncode == 0, check
        assert len(done.stdout) > len(check) + 30
    assert "subgradient" in gradcheck("explain", "kink").stdout
    assert re.search(r"^value\.finite +\S+", gradcheck("explain").stdout, re.M)


def test_every_id_that_the_sources_spell_is_explained():
    """Checks that ask only of what is declared, of models and of whole runs too."""
    package = Path(gradcheck_package.__file__).parent
    spelt = {
        found
        for file in package.rglob("*.py")
        for found in re.findall(rf'"((?:{FAMILIES})\.[a-z_]+)"', file.read_text())
    }
    assert {"adjoint.dot", "model.boundary", "audit.worker", "gate.stale"} <= spelt
    assert spelt <= set(topics())
    assert "gradient" in topics()  # what raises in a check is told by the check's own id


def test_explain_suggests_what_was_meant(gradcheck):
    done = gradcheck("explain", "gradient.entrys")
    assert done.returncode == 2
    assert "did you mean 'gradient.entries'?" in done.stderr


def test_shards_are_merged_and_rendered_without_computing(gradcheck, project):
    whole = gradcheck("check", "faulty", "--report", "json:whole.json", "--format", "json")
    gradcheck("check", "faulty", "--only", "Dense[3,5]", "--report", "json:a.json")
    gradcheck("check", "faulty", "--only", "Relu", "--report", "json:b.json")
    (project / "faulty.py").unlink()  # nothing is computed, so nothing is imported
    done = gradcheck("report", "a.json", "b.json", "--report", "html:out.html", "--format", "json")
    assert done.returncode == 1, done.stderr
    assert json.loads(done.stdout)["findings"] == json.loads(whole.stdout)["findings"]
    assert (project / "out.html").read_text().startswith("<!DOCTYPE html>")
    twice = gradcheck("report", "a.json", "a.json", "b.json", "--format", "json")
    assert json.loads(twice.stdout)["findings"] == json.loads(whole.stdout)["findings"]


def test_shards_that_do_not_belong_together_are_refused(gradcheck, project):
    gradcheck("check", "right", "--report", "json:a.json")
    gradcheck("check", "right", "--seed", "3", "--report", "json:b.json")
    done = gradcheck("report", "a.json", "b.json")
    assert done.returncode == 2
    assert "Expected reports of one seed but got seed=0 in a.json and 3 in b.json" in done.stderr
    text = (project / "a.json").read_text()
    (project / "c.json").write_text(text.replace('"verdict":"KINK"', '"verdict":"AGREES"').replace("KINK", "AGREES"))
    done = gradcheck("report", "a.json", "c.json")
    assert done.returncode == 2
    assert "is KINK in a.json but AGREES in c.json" in done.stderr


@pytest.mark.parametrize(("text", "said"), [(None, "cannot be read: No such file"), ("{", "Input data was truncated")])
def test_a_report_that_cannot_be_read_exits_with_2(gradcheck, project, text, said):
    if text is not None:
        (project / "a.json").write_text(text)
    done = gradcheck("report", "a.json")
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_replay_checks_again_what_failed_and_sees_it_mended(gradcheck, project):
    gradcheck("faulty", "--seed", "9", "--report", "json:a.json")
    done = gradcheck("replay", "a.json")
    assert done.returncode == 1
    assert "Relu" not in done.stdout
    assert "--seed 9" in done.stdout
    (project / "faulty.py").write_text(FAULTY.replace(" / len(x)", ""))
    assert gradcheck("replay", "a.json").returncode == 0


def test_under_github_the_summary_is_written_and_annotations_go_to_the_log(gradcheck, project):
    summary = project / "summary.md"
    summary.write_text("before\n")
    done = gradcheck("faulty", "--format", "json", GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(summary))
    json.loads(done.stdout)
    assert "::error file=faulty.py,line=15,title=Dense[3%2C5]%3A W DISAGREES::" in done.stderr
    assert summary.read_text().startswith("before\n## ❌ WRONG")


def test_every_command_has_help_with_each_option_told(gradcheck):
    assert all(name in gradcheck("--help").stdout for name in COMMANDS)
    for command in COMMANDS:
        done = gradcheck(command, "--help", columns=80)
        assert done.returncode == 0
        assert done.stdout.startswith(f"Usage: python -m gradcheck {command}")
