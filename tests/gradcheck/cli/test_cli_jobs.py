"""Worker processes: the same findings, and a target that dies or hangs takes nobody with it."""

import json
import os
import subprocess
import sys

import pytest
from cli_project import FAULTY, ROOT

FATAL = """
import ctypes
import os
import time


class Dies(Relu):
    def __call__(self, x):
        if os.environ.get("FATAL"):
            os._exit(9)
        return super().__call__(x)


class Crashes(Relu):
    def __call__(self, x):
        if os.environ.get("FATAL"):
            ctypes.string_at(0)
        return super().__call__(x)


class Hangs(Relu):
    def __call__(self, x):
        if os.environ.get("FATAL"):
            time.sleep(100)
        return super().__call__(x)


def targets():
    x = np.random.default_rng(1).normal(size=(2, 3))
    acts = {"a": Relu(), "dies": Dies(), "crashes": Crashes(), "b": Relu(), "hangs": Hangs(), "c": Relu()}
    for name, act in acts.items():
        yield {"adapt": "activation", "name": name, "act": act, "x": x}
"""


def findings(done):
    return json.loads(done.stdout)["findings"]


def test_findings_are_the_same_whatever_the_number_of_jobs(gradcheck):
    alone = gradcheck("faulty", "right", "--format", "json")
    assert findings(alone) == findings(gradcheck("faulty", "right", "--format", "json", "-j", "2"))
    assert findings(alone) == findings(gradcheck("faulty", "right", "--format", "json", "-j", "auto"))


def test_a_target_that_dies_or_hangs_is_raised_and_the_others_are_checked(gradcheck, project):
    (project / "fatal.py").write_text(FAULTY + FATAL)
    arguments = ("check", "fatal:targets", "--format", "json")
    done = gradcheck(*arguments, "-j", "2", "--timeout", "2", FATAL="1")
    assert done.returncode == 1, done.stderr
    raised = {f["target"]: f["message"] for f in findings(done) if f["verdict"] == "RAISED"}
    assert set(raised) == {"dies", "crashes", "hangs"}
    assert "the process that checked it died" in raised["dies"]
    assert "the process that checked it died" in raised["crashes"]
    assert raised["hangs"] == "still running after the timeout of 2 s; its process was ended"
    sound = [f for f in findings(gradcheck(*arguments)) if f["target"] in "abc"]
    assert [f for f in findings(done) if f["target"] in "abc"] == sound
    assert list(dict.fromkeys(f["target"] for f in findings(done))) == ["a", "dies", "crashes", "b", "hangs", "c"]


def test_the_time_budget_ends_workers_too(gradcheck, project):
    (project / "fatal.py").write_text(FAULTY + FATAL)
    done = gradcheck("check", "fatal:targets", "--only", "a", "--only", "hangs", "-j", "2", "--time-budget", "4",
                     "--format", "json", FATAL="1")  # fmt: skip
    report = json.loads(done.stdout)
    assert done.returncode == 4
    assert report["unchecked"] == ["hangs"]
    assert report["stopped"] == "the time budget of 4 s is used up"


def test_a_target_that_changes_its_name_is_told(gradcheck, project):
    (project / "changing.py").write_text(FAULTY.replace('"Dense[3,5]"', "f\"Dense {__import__('os').getpid()}\""))
    done = gradcheck("check", "changing", "-j", "2", "--format", "json")
    assert any("is its name random?" in f.get("message", "") for f in findings(done))


def test_a_timeout_needs_processes(gradcheck):
    done = gradcheck("right", "--backend", "dask", "--timeout", "3")
    assert done.returncode == 2
    assert "--timeout is kept by worker processes here; --backend dask has none" in done.stderr


def test_a_backend_that_is_not_installed_says_what_to_install(gradcheck, project):
    (project / "ray.py").write_text("raise ModuleNotFoundError('No module named ray', name='ray')\n")
    done = gradcheck("right", "--backend", "ray")
    assert done.returncode == 2
    assert "--backend ray needs ray: pip install 'gradcheck[ray]'" in done.stderr


def test_a_dask_cluster_of_two_workers_gives_the_same_findings(gradcheck, project):
    pytest.importorskip("distributed", reason="the extra gradcheck[dask]")
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{project}"}
    code = (
        "import sys\nfrom distributed import LocalCluster\n"
        "if __name__ == '__main__':\n"
        "    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:\n"
        "        print(cluster.scheduler_address, flush=True)\n        sys.stdin.read()\n"
    )
    (project / "cluster.py").write_text(code)
    cluster = subprocess.Popen(
        [sys.executable, "cluster.py"],
        cwd=project,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        address = cluster.stdout.readline().strip()
        done = gradcheck("faulty", "--backend", "dask", "--scheduler", address, "--format", "json")
    finally:
        cluster.communicate("", timeout=30)
    assert findings(done) == findings(gradcheck("faulty", "--format", "json")), done.stderr
