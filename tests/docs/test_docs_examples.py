"""What the pages of docs/ show is what happens: every block that can be run is run."""

import json
import re
import sys
from pathlib import Path

import pytest

import gradcheck
from gradcheck import adapt, compat, strategies
from tests.examples import ROOT, alike, played, restructured, rewritten

DOCS = ROOT / "docs"
PAGES = {str(page.relative_to(DOCS)): page.read_text("utf-8") for page in sorted(DOCS.rglob("*.rst"))}
LANGUAGES = {"python", "console", "text", "toml", "yaml", "bash"}  # bash is shown and not run: installs, clusters
RUN = [name for name, text in PAGES.items() if {b.language for b in restructured(text)} & {"python", "console"}]


@pytest.mark.parametrize("name", RUN)
def test_the_examples_of_a_page_do_what_it_shows(name, tmp_path):
    for needed in re.findall(r"^\.\. requires: (\w+)$", PAGES[name], re.M):
        pytest.importorskip(needed, reason=f"docs/{name} shows {needed}")
    ran = 0
    for outcome in played(restructured(PAGES[name]), tmp_path):
        told = f"{outcome.command}\nshould print\n{outcome.shown}\nbut printed\n{outcome.printed}"
        assert outcome.right, told
        ran += 1
    assert ran


@pytest.mark.parametrize("name", PAGES)
def test_every_block_of_a_page_is_found(name):
    blocks = restructured(PAGES[name])
    assert len(blocks) == PAGES[name].count(".. code-block::")
    assert {block.language for block in blocks} <= LANGUAGES
    assert "/tmp/" not in PAGES[name]  # shown output speaks of no machine


def test_all_the_pages_that_were_promised_are_there():
    howto = {"ci", "pytest", "hypothesis", "torch", "jax", "thinc", "float32", "kinks", "large", "clusters"}
    assert howto <= {Path(name).stem for name in PAGES if name.startswith("howto/")}
    assert {"tutorial.rst", "error-bars.rst", "carrying-on.rst", "reference/api.rst"} <= set(PAGES)


def test_every_public_name_is_in_the_reference():
    told = set(re.findall(r"^\.\. auto(?:class|function):: (\S+)$", PAGES["reference/api.rst"], re.M))
    public = {f"gradcheck.{name}" for name in gradcheck.__all__ if name not in gradcheck._MODULES}
    for module in (adapt, strategies, compat):
        public |= {f"{module.__name__}.{name}" for name in module.__all__}
    assert public <= told


def test_the_pictures_are_drawn_from_the_committed_measurements(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(DOCS / "figures"))
    import calibration

    monkeypatch.setattr(calibration, "HERE", tmp_path)
    data = json.loads(calibration.DATA.read_text("utf-8"))
    calibration.draw(data)
    for name in ("coverage", "scatter", "steps"):
        assert (tmp_path / f"{name}.svg").read_text("utf-8") == (DOCS / "figures" / f"{name}.svg").read_text("utf-8")
    answered = sum(group["answered"] for dtype in ("float64", "float32") for group in data[dtype]["groups"].values())
    assert f"{answered:,} were answered" in PAGES["error-bars.rst"]
    for dtype in ("float64", "float32"):
        assert f"{data[dtype]['largest']:.2f}" in PAGES["error-bars.rst"]
        groups = data[dtype]["groups"].values()
        assert sum(group["answered"] + group["open"] for group in groups) == data[dtype]["draws"]
        assert all(sum(group["counts"]) == group["answered"] for group in groups)
        assert data[dtype]["largest"] <= 1  # as the page says: every answered bar covers


def test_a_page_is_compared_up_to_digits_and_left_out_lines():
    assert alike("gap 1.5e-12 (0.3 s)", "gap 2.5e-11   (12 s)\n")
    assert alike("a\n…\nc 1", "a\nb\nb\nc 2")
    assert alike("…\nc", "a\nc")
    assert not alike("a\n…\nd", "a\nb\nc")
    assert not alike("agrees", "DISAGREES")
    assert not alike("a", "a\nb")


def test_what_goes_wrong_in_a_page_is_noticed_and_can_be_put_right(tmp_path):
    page = (
        ".. code-block:: python\n   :caption: it.py\n\n   print('one')\n\n"
        ".. code-block:: console\n\n   $ python it.py\n   two\n   $ python it.py\n   one\n"
        "   $ python -c 'raise SystemExit(3)'\n"
        "   $ echo $?\n   2\n   $ python nowhere.py\n\nText.\n"
    )
    outcomes = list(played(restructured(page), tmp_path))
    assert [outcome.right for outcome in outcomes] == [False, True, True, False, False]
    assert rewritten(page, outcomes) == page.replace("two", "one")


def test_sphinx_builds_the_pages_without_a_warning(tmp_path):
    """And without a network: whatever would be fetched is sent to a port where nobody listens."""
    pytest.importorskip("sphinx", reason="the extra docs is not installed")
    from tests.examples import run

    nobody = dict.fromkeys(("http_proxy", "https_proxy"), "http://127.0.0.1:9")
    command = (sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", str(DOCS), str(tmp_path))
    done = run(*command, cwd=ROOT, **nobody)
    assert done.returncode == 0, done.stderr
    checks, patterns = ((tmp_path / "reference" / f"{p}.html").read_text("utf-8") for p in ("checks", "patterns"))
    from gradcheck.diagnosis.patterns import PATTERNS
    from gradcheck.explain import checks_by_id

    assert all(f">{id_}</" in checks for id_ in checks_by_id())
    assert all(f">{slug}</" in patterns for slug in PATTERNS)
    api = (tmp_path / "reference" / "api.html").read_text("utf-8")
    assert all(f'id="gradcheck.adapt.{name}"' in api for name in adapt.__all__)
