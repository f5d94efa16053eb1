"""What the README shows is what happens."""

import re
import sys

from tests.examples import ROOT, markdown, masked, run

BLOCKS = markdown((ROOT / "README.md").read_text("utf-8"))


def blocks(language):
    return [block.text for block in BLOCKS if block.language == language]


def test_the_first_check_of_ones_own_layer_prints_what_the_readme_shows(tmp_path):
    (tmp_path / "my_layers.py").write_text(blocks("python")[0])
    commands = [line for line in blocks("console") if "my_layers" in line]
    assert commands == ["$ python -m gradcheck my_layers.py\n"]
    done = run(sys.executable, "-m", "gradcheck", "my_layers.py", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert masked(done.stdout) == masked(blocks("text")[0])


def test_the_other_python_examples_run(tmp_path):
    for block in blocks("python")[1:-1]:
        done = run(sys.executable, "-c", block, cwd=tmp_path)
        assert done.returncode == 0, done.stderr


def test_the_tests_of_the_readme_pass_under_pytest(tmp_path):
    (tmp_path / "test_readme_example.py").write_text(blocks("python")[-1])
    done = run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", ".", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert "18 passed" in done.stdout  # 17 checks of one target, and Hypothesis' points


def test_the_configuration_of_the_readme_is_read(tmp_path):
    (tmp_path / "pyproject.toml").write_text(blocks("toml")[0])
    done = run(sys.executable, "-m", "gradcheck", "config", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^time-budget +300", done.stdout, re.M)


def test_every_option_and_command_that_the_readme_names_exists(tmp_path):
    told = run(sys.executable, "-m", "gradcheck", "audit", "--help", cwd=tmp_path).stdout
    told += run(sys.executable, "-m", "gradcheck", "--help", cwd=tmp_path).stdout
    plugin = ("-p", "gradcheck.pytest_plugin", "--help")
    told += run(sys.executable, "-m", "pytest", *plugin, cwd=tmp_path, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1").stdout
    for block in (line for text in blocks("console") for line in text.splitlines() if "gradcheck " in line):
        for word in re.findall(r"(?<=\s)--?[a-z-]+|(?<=gradcheck )[a-z]+(?= )", block):
            assert word in told, word
    assert "--gradcheck-report" in told


def test_the_first_command_verifies_netcore_layer_by_layer():
    done = run(sys.executable, "-m", "gradcheck", "-j", "2", cwd=ROOT)
    assert done.returncode == 0, done.stdout[-2000:]
    assert done.stdout.splitlines()[-1].startswith("VERIFIED: ")
    assert re.search(r"^Dense\[3,5\] +x +agrees", done.stdout, re.M)


def test_the_test_command_of_the_readme_is_what_ci_runs():
    script = (ROOT / ".ci" / "run").read_text()
    install, test = "pip install '.[test]' && ", "python -m pytest"
    assert any(install in line and line.strip().endswith(test) for line in blocks("console"))
    assert "pip\" install --quiet --no-compile '.[test,lint,dask,digits,docs]'" in script
    assert 'python" -m pytest' in script
