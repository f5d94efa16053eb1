"""Accepted findings, baselines that only shrink, exit codes, configuration and its order."""

import json

import pytest
from cli_project import FAULTY

IDS = ["Dense[3,5]:W:gradient.direction", "Dense[3,5]:W:gradient.entries"]


def expect(project, entries, **settings):
    lines = [f'{key} = "{value}"' for key, value in settings.items()]
    told = [f'"{id_}" = "{reason}"' for id_, reason in entries.items()]
    text = "\n".join([*lines, "[expected-failures]", *told])
    (project / "gradcheck.toml").write_text(text)


def test_expected_failures_are_accepted_with_their_reason(gradcheck, project):
    expect(project, dict.fromkeys(IDS, "the mean is meant, see #7"))
    done = gradcheck("faulty", columns=160)
    assert done.returncode == 0, done.stdout
    assert "accepted: the mean is meant, see #7" in done.stdout
    assert "VERIFIED: 5 rows agree, 1 of them at kinks, 1 accepted" in done.stdout


def test_a_gradient_is_accepted_by_its_quantity_and_only_what_was_measured_of_it(gradcheck, project):
    expect(project, {"Dense[3,5]:W": "the mean is meant, see #7"})
    done = gradcheck("faulty", columns=160)
    assert done.returncode == 0, done.stdout
    assert "accepted: the mean is meant, see #7" in done.stdout
    assert gradcheck("right").returncode == 1  # it agrees by now: remove the entry
    shaped = (project / "faulty.py").read_text().replace("/ len(x)", "[None] / len(x)")
    (project / "shaped.py").write_text(shaped)
    assert "MALFORMED" in gradcheck("shaped").stdout


@pytest.mark.parametrize("target", ["right", "faulty"])
def test_an_expected_failure_that_does_not_occur_fails(gradcheck, project, target):
    stale = "Dense[3,5]:b:gradient.entries"
    expect(project, {**dict.fromkeys(IDS if target == "faulty" else [], "known"), stale: "once"})
    done = gradcheck(target, columns=200)
    assert done.returncode == 1
    assert f"{stale} is accepted in expected-failures but agrees: remove the entry" in done.stdout


def test_an_unknown_id_fails_with_a_suggestion(gradcheck, project):
    expect(project, {**dict.fromkeys(IDS, "known"), "Dense[3,5]:W:gradient.entriez": "typo"})
    done = gradcheck("faulty", columns=200)
    assert done.returncode == 1
    assert "there is no such finding; did you mean 'Dense[3,5]:W:gradient.entries'?" in done.stdout


def test_a_selection_does_not_judge_entries_of_what_it_left_out(gradcheck, project):
    expect(project, dict.fromkeys(IDS, "known"))
    assert gradcheck("faulty", "--only", "Relu").returncode == 0
    assert gradcheck("faulty", "--only", "Dense[3,5]:W").returncode == 0


def test_an_expected_failure_without_a_reason_is_refused(gradcheck, project):
    expect(project, {IDS[0]: " "})
    done = gradcheck("faulty")
    assert done.returncode == 2
    assert "Expected a reason for the expected failure 'Dense[3,5]:W:gradient.direction'" in done.stderr


def test_a_baseline_is_made_with_a_reason_and_only_shrinks(gradcheck, project):
    baseline = project / "known.json"
    assert gradcheck("faulty", "--baseline", "known.json").returncode == 2
    done = gradcheck("faulty", "--baseline", "known.json", "--baseline-update")
    assert done.returncode == 2
    assert "Expected --reason TEXT for a new baseline" in done.stderr
    done = gradcheck("faulty", "--baseline", "known.json", "--baseline-update", "--reason", "before the audit")
    assert done.returncode == 0, done.stdout
    assert json.loads(baseline.read_text())["accepted"] == dict.fromkeys(IDS, "before the audit")
    assert gradcheck("faulty", "--baseline", "known.json").returncode == 0

    (project / "faulty.py").write_text(FAULTY.replace("dy.sum(axis=0, ", "2 * dy.sum(axis=0, "))  # a new failure
    before = baseline.read_text()
    assert gradcheck("faulty", "--baseline", "known.json").returncode == 1
    assert gradcheck("faulty", "--baseline", "known.json", "--baseline-update").returncode == 1
    assert baseline.read_text() == before  # updating never adds

    (project / "faulty.py").write_text(FAULTY.replace(" / len(x)", ""))  # mended
    done = gradcheck("faulty", "--baseline", "known.json", columns=200)
    assert done.returncode == 1
    assert "is accepted in known.json but agrees: remove the entry (--baseline-update does it" in done.stdout
    assert gradcheck("faulty", "--baseline", "known.json", "--baseline-update").returncode == 0
    assert json.loads(baseline.read_text())["accepted"] == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "The baseline known.json is damaged: Input data was truncated"),
        ('{"format": "gradcheck-baseline", "version": 1, "accepted": {"a": ""}}', "Expected a reason for 'a'"),
        (
            '{"format": "gradcheck-baseline", "version": 2, "accepted": {}}',
            "known.json is damaged: Invalid enum value 2",
        ),
        ('{"format": "gradcheck-baseline", "version": 1, "acepted": {}}', "known.json is damaged"),
    ],
)
def test_a_damaged_baseline_is_refused(gradcheck, project, text, said):
    (project / "known.json").write_text(text)
    done = gradcheck("right", "--baseline", "known.json")
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_what_a_baseline_lacks_is_told_before_anything_is_computed(gradcheck, project):
    (project / "loud.py").write_text("raise RuntimeError('imported')\n")
    for arguments in (("--baseline", "known.json"), ("--baseline-update",)):
        done = gradcheck("loud", *arguments)
        assert done.returncode == 2
        assert "imported" not in done.stderr
        assert "aseline" in done.stderr


def test_a_run_that_was_stopped_leaves_the_baseline_and_still_reports(gradcheck, project):
    text = '{"format": "gradcheck-baseline", "version": 1, "accepted": {"gone": "old"}}'
    (project / "known.json").write_text(text)
    done = gradcheck("right", "--time-budget", "1e-9", "--baseline", "known.json", "--baseline-update")
    assert "the baseline known.json stays as it is: the time budget of 1e-09 s is used up" in done.stderr
    assert "stopped before 2 targets" in done.stdout
    assert (project / "known.json").read_text() == text


def test_a_baseline_is_not_updated_from_a_part(gradcheck, project):
    (project / "known.json").write_text('{"format": "gradcheck-baseline", "version": 1, "accepted": {}}')
    done = gradcheck("faulty", "--only", "Relu", "--baseline", "known.json", "--baseline-update")
    assert done.returncode == 2
    assert "updated from a whole run" in done.stderr


@pytest.mark.parametrize(("fail_on", "code"), [("wrong", 0), ("inconclusive", 0), ("kink", 1)])
def test_fail_on_names_the_mildest_verdict_that_is_wrong(gradcheck, fail_on, code):
    assert gradcheck("right", "--fail-on", fail_on).returncode == code


def test_inconclusive_exits_with_4_or_with_1_where_that_was_asked_for(gradcheck, project):
    (project / "noisy.py").write_text(
        "import numpy as np\n"
        "def f(x): return np.sin(x) + 1e-6 * np.sin(1e14 * x)\n"
        "targets = [{'adapt': 'vjp', 'forward': f, 'vjp': lambda a, u: (u * np.cos(a[0]),),\n"
        "            'inputs': (np.array([0.3, -1.2, 2.0]),), 'name': 'noisy'}]\n"
    )
    done = gradcheck("noisy", "--resolution", "1e-9")
    assert done.returncode == 4, done.stdout
    assert "INCONCLUSIVE: 1 of 1 row could not be verified" in done.stdout
    assert gradcheck("noisy", "--resolution", "1e-9", "--fail-on", "inconclusive").returncode == 1


def test_the_command_line_wins_over_the_environment_over_the_file_over_the_default(gradcheck, project):
    def seed(*arguments, **environment):
        return json.loads(gradcheck("right", *arguments, "--format", "json", **environment).stdout)["seed"]

    assert seed() == 0
    (project / "gradcheck.toml").write_text("seed = 3\n")
    assert seed() == 3
    assert seed(GRADCHECK_SEED="5") == 5
    assert seed("--seed", "7", GRADCHECK_SEED="5") == 7


def test_config_shows_where_each_setting_comes_from(gradcheck, project):
    (project / "gradcheck.toml").write_text('effort = "quick"\ntargets = ["right", "faulty"]\n')
    lines = dict(line.split(maxsplit=1) for line in gradcheck("config", GRADCHECK_SEED="5").stdout.splitlines())
    assert lines["seed"].split() == ["5", "GRADCHECK_SEED"]
    assert lines["effort"].split() == ["quick", str(project / "gradcheck.toml")]
    assert lines["targets"].startswith("right, faulty")
    assert lines["jobs"].split() == ["1", "default"]


CONFIGURATIONS = [
    ("sede = 1", "Unknown key 'sede' in", "did you mean 'seed'?"),
    ("fail_on = 'wrong'", "Unknown key 'fail_on' in", "did you mean 'fail-on'?"),
    ("seed = '1'", "Expected `int`, got `str`, but got seed='1' in", "gradcheck.toml"),
    ("effort = 'fast'", "Invalid enum value 'fast', but got effort='fast' in", "gradcheck.toml"),
    ("resolution = 3.0", "Expected `float` < 1.0, but got resolution=3.0 in", "gradcheck.toml"),
    ("seed = ", "gradcheck.toml cannot be read: ", "at end of document"),
]


@pytest.mark.parametrize(("text", "said", "hint"), CONFIGURATIONS)
def test_a_configuration_that_cannot_be_meant_is_refused(gradcheck, project, text, said, hint):
    (project / "gradcheck.toml").write_text(text)
    done = gradcheck("right")
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert hint in done.stderr


def test_a_variable_that_cannot_be_read_is_named(gradcheck):
    done = gradcheck("right", GRADCHECK_SEED="many")
    assert done.returncode == 2
    assert "GRADCHECK_SEED" in done.stderr
