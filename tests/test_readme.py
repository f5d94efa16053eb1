"""What the README shows is what happens."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.M | re.S)


def blocks(kind):
    return [text for found, text in BLOCKS if found == kind]


def masked(text):
    """The text without what differs from machine to machine: digits of measured numbers, times, spacing."""
    text = re.sub(r"[-+]?\d+(\.\d+)?(e[-+]?\d+)?", "#", text)
    return re.sub(r"[ ─]+", " ", text)


def run(*command, cwd):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "100"}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def test_the_first_check_of_ones_own_layer_prints_what_the_readme_shows(tmp_path):
    (tmp_path / "my_layers.py").write_text(blocks("python")[0])
    commands = [line for line in blocks("console") if "my_layers" in line]
    assert commands == ["$ python -m gradcheck my_layers.py\n"]
    done = run(sys.executable, "-m", "gradcheck", "my_layers.py", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert masked(done.stdout) == masked(blocks("text")[0])


def test_the_other_python_examples_run(tmp_path):
    for block in blocks("python")[1:]:
        done = run(sys.executable, "-c", block, cwd=tmp_path)
        assert done.returncode == 0, done.stderr


def test_the_test_command_of_the_readme_is_what_ci_runs():
    script = (ROOT / ".ci" / "run").read_text()
    install, test = "pip install '.[test]' && ", "python -m pytest"
    assert any(install in line and line.strip().endswith(test) for line in blocks("console"))
    assert "pip\" install --quiet '.[test,lint]'" in script
    assert 'python" -m pytest' in script
