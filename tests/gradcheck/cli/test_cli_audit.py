"""`python -m gradcheck`: what it finds, prints and exits with."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time

import pytest
from cli_project import FAULTY, ROOT


def test_a_faulty_layer_is_named_with_its_numbers_and_exits_with_1(gradcheck):
    done = gradcheck("faulty", columns=160)
    assert done.returncode == 1
    assert re.search(r"W +DISAGREES", done.stdout)
    assert re.search(r"Dense\[3,5\]: W +DISAGREES", done.stdout)
    assert re.search(r"claimed [-+][\d.]+, measured [-+][\d.]+ ± ", done.stdout)
    assert re.search(r"source +faulty\.py:15", done.stdout)
    assert done.stdout.splitlines()[-1].startswith("WRONG: 1 of 5 rows is red, 1 is the cause (Dense[3,5]: W)")
    assert done.stderr == ""


def test_the_correct_twin_is_verified_and_exits_with_0_with_its_kink_named(gradcheck):
    done = gradcheck("right", columns=160)
    assert done.returncode == 0
    assert "kink at x[1, 2]" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("VERIFIED: 5 rows agree, 1 of them at kinks; the least sharp")


@pytest.mark.parametrize(
    "target",
    ["faulty", "faulty.py", "./faulty.py", "faulty:gradcheck_targets", "faulty.py:gradcheck_targets"],
)
def test_a_target_is_a_module_a_file_or_an_object_in_either(gradcheck, target):
    assert gradcheck("audit", target).returncode == 1
    assert gradcheck("check", target).returncode == 1


def test_targets_of_a_module_are_its_targets_a_list_and_a_function(gradcheck, project):
    (project / "mine.py").write_text(
        "import numpy as np\n"
        "from gradcheck import adapt\n"
        "x = np.array([0.3, -1.2, 2.0])\n"
        "def make(name): return adapt.vjp(np.sin, lambda a, u: (u * np.cos(a[0]),), x, names=('x',), name=name)\n"
        "first = make('first')\n"
        "targets = [first, make('second'), {'adapt': 'vjp', 'name': 'third', 'forward': np.sin,\n"
        "           'vjp': lambda a, u: (u * np.cos(a[0]),), 'inputs': (x,)}]\n"
        "def more(): return [make('fourth')]\n"
    )
    done = gradcheck("mine")
    assert done.returncode == 0, done.stdout + done.stderr
    assert [name for name in ("first", "second", "third") if re.search(rf"^{name} ", done.stdout, re.M)] == [
        "first",
        "second",
        "third",
    ]
    assert done.stdout.count("first") == 1  # the same target is not checked twice
    assert "fourth" in gradcheck("mine:more").stdout


def test_two_targets_of_one_name_are_told_apart(gradcheck, project):
    (project / "twice.py").write_text(FAULTY.replace('"act": Relu()', '"name": "Dense[3,5]", "act": Relu()'))
    done = gradcheck("check", "twice")
    assert "Dense[3,5]#2" in done.stdout


def test_a_public_layer_without_a_target_fails_the_audit_but_not_the_check(gradcheck, project):
    (project / "open.py").write_text(
        FAULTY.replace(" / len(x)", "")
        + "\n\nclass Cube:\n    def __call__(self, x): return x ** 3\n    def grad(self, x): return 3 * x ** 2\n"
        + "\n\nclass _Private(Cube): pass\n"
    )
    done = gradcheck("audit", "open", columns=200)
    assert done.returncode == 1
    assert "open.Cube is an activation or loss (__call__, grad) that no target checks" in done.stdout
    assert "_Private" not in done.stdout
    assert gradcheck("check", "open").returncode == 0


def test_the_reproduce_line_shows_the_same_numbers_again(gradcheck):
    whole = json.loads(gradcheck("faulty", "--format", "json", "--seed", "7").stdout)
    wrong = [f for f in whole["findings"] if f["verdict"] == "DISAGREES"]
    assert wrong
    for finding in wrong:
        words = shlex.split(finding["reproduce"])
        assert words[:4] == ["python", "-m", "gradcheck", "check"]
        again = json.loads(gradcheck(*words[3:], "--format", "json").stdout)
        assert numbers(finding) in [numbers(each) for each in again["findings"]]


def numbers(finding):
    """The verdict and its numbers. Costs are charged to whichever quantity comes first; the mistake's name, its factor
    and residual, is guessed from all the quantities that are looked at."""
    return {key: value for key, value in finding.items() if key not in ("evaluations", "factor", "message")}


@pytest.mark.parametrize(
    ("pattern", "rows"),
    [
        ("Dense[3,5]", ["x", "W", "b"]),
        ("Dense[3,5]:W", ["W"]),
        ("Dense*:?", ["x", "W", "b"]),
        ("*:x", ["x"]),
        ("Relu", ["x"]),
    ],
)
def test_only_selects_targets_and_quantities_and_brackets_are_literal(gradcheck, pattern, rows):
    report = json.loads(gradcheck("right", "--only", pattern, "--format", "json").stdout)
    assert list(dict.fromkeys(f["wrt"] for f in report["findings"] if f["wrt"])) == rows


def test_a_selection_gives_the_findings_of_the_whole(gradcheck):
    whole = json.loads(gradcheck("faulty", "--format", "json").stdout)["findings"]
    part = json.loads(gradcheck("faulty", "--only", "Dense[3,5]:b", "--format", "json").stdout)["findings"]
    measured = [f for f in part if f["check"].startswith("gradient.")]
    assert len(measured) == 2
    assert all(numbers(f) in [numbers(g) for g in whole] for f in measured)


def test_targets_come_from_the_configuration_found_upwards(gradcheck, project):
    (project / "pyproject.toml").write_text('[tool.gradcheck]\ntargets = ["right.py"]\nseed = 3\n')
    below = project / "some" / "where"
    below.mkdir(parents=True)
    done = gradcheck("--format", "json", cwd=below)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["seed"] == 3


def test_nothing_to_check_exits_with_5_and_a_hint(gradcheck, project):
    done = gradcheck()
    assert (done.returncode, done.stdout) == (5, "")
    assert "no target is named" in done.stderr
    assert "[tool.gradcheck]" in done.stderr
    (project / "empty.py").write_text("x = 1\n")
    done = gradcheck("empty")
    assert (done.returncode, done.stdout) == (5, "")
    assert "empty offers no targets" in done.stderr
    done = gradcheck("right", "--only", "Dence*")
    assert (done.returncode, done.stdout) == (5, "")
    assert "no target matches --only Dence*" in done.stderr


def test_a_layer_that_raises_is_a_verdict_and_the_others_are_still_checked(gradcheck, project):
    broken = FAULTY.replace(" / len(x)", "").replace("return x @ params", "x / 0 @ 1; return x @ params")
    (project / "broken.py").write_text(broken)
    done = gradcheck("check", "broken", "--format", "json")
    assert done.returncode == 1
    found = json.loads(done.stdout)["findings"]
    raised = [f for f in found if f["verdict"] == "RAISED"]
    assert [f["target"] for f in raised] == ["Dense[3,5]"]
    assert "broken.py:13)" in raised[0]["message"]
    assert any(f["target"] == "Relu" and f["check"] == "gradient.entries" for f in found)


def test_what_user_code_prints_does_not_mix_with_the_report(gradcheck, project):
    loud = FAULTY.replace("return np.maximum", "print('run'); return np.maximum")
    (project / "loud.py").write_text("print('imported')\n" + loud)
    done = gradcheck("check", "loud", "--format", "json")
    json.loads(done.stdout)
    assert "imported" in done.stderr
    assert "run" in done.stderr


def test_an_unforeseen_exception_exits_with_3_and_asks_for_a_report(gradcheck, project):
    broken = "import gradcheck.audit\ngradcheck.audit.examine.__code__ = (lambda target, settings: 1 / 0).__code__\n"
    (project / "bug.py").write_text(broken + FAULTY)
    done = gradcheck("bug")
    assert done.returncode == 3
    assert "ZeroDivisionError" in done.stderr
    assert "this is a bug in gradcheck; please report it" in done.stderr


@pytest.mark.parametrize("columns", [60, 200])
def test_numbers_are_whole_at_every_width_and_no_line_is_longer(gradcheck, columns):
    done = gradcheck("faulty", columns=columns)
    assert "…" not in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= columns
    assert len(re.findall(r"\d\.\de-\d\d +\d\.\de-1\d +\de-1\d", done.stdout)) >= 2
    assert "\x1b" not in done.stdout


def test_a_name_with_control_characters_stays_text(gradcheck, project):
    (project / "hostile.py").write_text(FAULTY.replace('"Dense[3,5]"', r'"<b>\x1b[31m[red]\n\u202eDense"'))
    done = gradcheck("check", "hostile")
    assert done.returncode == 1
    assert "\x1b" not in done.stdout
    assert r"<b>\x1b[31m[red]\n\u202eDense" in done.stdout
    reproduce = re.search(r"reproduce +(python .*)", gradcheck("check", "hostile", columns=300).stdout)
    again = gradcheck(*shlex.split(reproduce[1])[3:])
    assert again.returncode == 1


def test_concise_shows_failures_only(gradcheck):
    done = gradcheck("faulty", "--format", "concise")
    assert "Relu" not in done.stdout
    assert "WRONG: 1 of 5 rows" in done.stdout
    assert gradcheck("right", "--format", "concise").stdout.startswith("\nVERIFIED")


def test_a_report_is_written_whole_or_not_at_all(gradcheck, project):
    done = gradcheck("right", "--report", "json:out/a.json", "--report", "json:b.json", "--format", "json")
    assert (project / "out" / "a.json").read_text() == (project / "b.json").read_text() == done.stdout
    (project / "dir.json").mkdir()
    done = gradcheck("right", "--report", "json:dir.json")
    assert done.returncode == 2
    assert "dir.json cannot be written: it is a directory" in done.stderr
    done = gradcheck("right", "--report", "json:right.py/a.json", "--report", "html:a.html", columns=160)
    assert done.returncode == 2
    assert "right.py/a.json cannot be written" in done.stderr
    assert "VERIFIED: 5 rows agree" in done.stdout  # what was computed is shown, and the other file written
    assert (project / "a.html").exists()
    assert not [p for p in project.iterdir() if p.name.startswith(".")]


def test_the_time_budget_and_the_failure_limit_end_the_run_and_say_so(gradcheck):
    done = gradcheck("check", "right", "--time-budget", "1e-9")
    assert done.returncode == 5
    assert "NOTHING CHECKED: stopped before 2 targets: the time budget of 1e-09 s is used up" in done.stdout
    done = gradcheck("check", "faulty", "--max-failures", "1", columns=160)
    assert done.returncode == 1
    assert "stopped before 1 target: 2 failures, and --max-failures is 1" in done.stdout


def test_ctrl_c_ends_the_run_with_a_partial_report(project):
    wait = "import pathlib, time; pathlib.Path('reached').touch(); time.sleep(60)"
    slow = FAULTY.replace("return np.maximum", f"{wait}; return np.maximum")
    (project / "slow.py").write_text(slow)
    # SIGINT is ignored where the tests are a job with &, and Python leaves it so
    heard = "import runpy, signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    started = f"{heard}; runpy.run_module('gradcheck', run_name='__main__', alter_sys=True)"
    child = subprocess.Popen(
        [sys.executable, "-c", started, "check", "slow", "--format", "json"],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with child:
        while not (project / "reached").exists():
            assert child.poll() is None, child.communicate()
            time.sleep(0.05)
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=30)
    report = json.loads(out)
    assert child.returncode == 1, err  # what was found counts
    assert report["stopped"] == "interrupted from the keyboard"
    assert report["unchecked"] == ["Relu"]


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_and_version_import_little(option):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-X", "importtime", "-m", "gradcheck", option]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "click" in loaded
    assert not loaded & {"numpy", "scipy", "rich", "msgspec", "joblib", "jinja2"}
    assert len(loaded) < 200  # some hundred, of which most are Python's own: what starts at once
