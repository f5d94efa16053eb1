"""Every rendering: golden files, hostile names, limits, schemas; all of it from what the JSON report holds."""

import html
import html.parser
import json
import os
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from report_samples import HOSTILE, everything, network, right, sample, split, wrong
from sarif_schema import SARIF

from gradcheck.compare import Verdict
from gradcheck.report import Report
from gradcheck.report.markdown import LIMIT
from gradcheck.report.markdown import render as markdown
from gradcheck.report.sarif import fingerprint
from gradcheck.report.write import KINDS

GOLDEN = Path(__file__).parent / "golden"
PARTIAL = {"stopped": "the time budget of 3 s is used up", "unchecked": ("Later", "<b>")}
SAMPLES = {
    "network": sample(network),
    "everything": sample(**PARTIAL),
    "sound": sample(lambda: [right("Sound", "Sound", "x")]),
    "empty": sample(tuple),
}
SUFFIXES = {"markdown": "md", "junit": "xml", "github": "github.txt", "text": "txt", "sarif": "sarif"}


LARGE = {("everything", "html"), ("everything", "json")}  # nobody would read the difference; held by other tests
PAIRS = [(name, kind) for name in sorted(SAMPLES) for kind in sorted(KINDS) if (name, kind) not in LARGE]


@pytest.mark.parametrize(("name", "kind"), PAIRS)
def test_golden(name, kind):
    """A rendering changes only on purpose: GRADCHECK_UPDATE_GOLDEN=1 writes the files anew, to be read in the diff."""
    path = GOLDEN / f"{name}.{SUFFIXES.get(kind, kind)}"
    text = KINDS[kind](SAMPLES[name])
    if os.environ.get("GRADCHECK_UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_rendering_comes_from_the_json_alone(kind):
    report = SAMPLES["everything"]
    assert KINDS[kind](Report.from_json(report.to_json())) == KINDS[kind](report)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_no_control_character_and_no_mark_that_turns_text_around_gets_through(kind):
    text = KINDS[kind](SAMPLES["everything"])
    if kind == "json":  # escaped by JSON itself, and exact
        text = json.dumps(json.loads(text))
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", text)


class _Page(html.parser.HTMLParser):
    """What a browser would load or run, and whether tags are balanced."""

    void = frozenset({"meta", "link", "br", "hr", "img", "input", "base"})

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.links, self.handlers, self.ids = [], set(), [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        if tag not in self.void:
            self.open.append(tag)
        for name, value in attrs:
            if name in ("src", "href", "action", "data", "srcset", "xlink:href"):
                self.links.append(value)
            if name.startswith("on"):
                self.handlers.append((tag, name))
            if name == "id":
                self.ids.append(value)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_the_page_is_self_contained_and_hostile_names_stay_text(name):
    text = SAMPLES[name].to_html()
    page = _Page()
    page.feed(text)
    assert page.open == []
    assert not page.tags & {"script", "link", "img", "iframe", "object", "embed", "form", "b", "i"}
    assert page.handlers == []
    assert all(link.startswith("#finding-") for link in page.links)
    assert len(page.ids) == len(set(page.ids))
    assert {link[1:] for link in page.links} <= set(page.ids)
    assert "url(http" not in text
    assert "@import" not in text
    assert 'lang="en"' in text


def test_the_page_opens_with_the_verdict_and_tells_culprits_from_heirs():
    text = SAMPLES["network"].to_html()
    assert text.index("5 of 10 rows are red, 2 are the cause") < text.index("<table")
    assert text.count('<tr class="culprit">') == 2
    assert text.count('<tr class="contaminated">') == 3
    assert 'aria-label="Net: 4 layers; the faults are in 2 Dense"' in text


def test_the_gradient_of_the_picture_is_right_until_the_culprit():
    text = SAMPLES["network"].to_html()
    lines = re.findall(r'<line [^>]*class="(carried[^"]*)"', text)
    assert lines == ["carried wrong", "carried wrong", "carried wrong", "carried"]  # three layers, then the loss


@pytest.mark.parametrize(
    ("target", "cells", "said"),
    [
        ("Net/2 Dense", 12, "x: 6 of 12 measured entries are beyond what is allowed"),
        ("Conv", 35, "Shown is the slice K[1, 2, :, :] through the worst entry."),
        ("Wide", 20 * 24, "Each cell is the worst of 2 × 3 entries."),
        ("Scalar", 1, "s: 1 of 1 measured entries"),
    ],
)
def test_the_heat_map_shows_where(target, cells, said):
    findings = [f for f in everything() if f.target == target][:1]
    text = sample(lambda: findings).to_html()
    assert said in text
    assert len(re.findall(r'class="shade\d"', text)) == cells


def test_a_single_wrong_entry_is_seen_in_its_cell():
    findings = [f for f in everything() if f.target == "Wide"]
    text = sample(lambda: findings).to_html()
    assert len(re.findall(r'class="shade[1-5]"', text)) == 1
    assert "[33, 61]  claimed" in text


def test_a_mistake_that_several_rows_share_is_told_once():
    report = sample(split)
    text = report.to_text()
    assert "WRONG: 2 of 3 rows are red, 2 are the cause (0 Dense: W, loss: y_hat); 1 network with a split" in text
    assert text.count("a convention is split between") == 1
    assert "pattern" not in text  # the members are named in a line each, not told again
    assert report.contaminated == ()
    page = report.to_html()
    assert page.index('id="finding-1"') < page.index("a convention is split between") < page.index('id="finding-2"')


def test_a_notebook_gets_the_page_in_a_frame_that_runs_nothing():
    text = SAMPLES["everything"]._repr_html_()
    style, frame = text.split("</style>")
    assert frame.startswith('<iframe class="gradcheck-report" srcdoc="&lt;!DOCTYPE html&gt;')
    assert frame.endswith(" sandbox></iframe>")
    assert frame.count("<") == 2
    assert set(re.findall(r"(\S+) {", style)) == {".gradcheck-report"}  # no cell of the notebook looks different
    assert "about:srcdoc" not in SAMPLES["everything"].to_html()
    page = html.unescape(re.search(r'srcdoc="([^"]*)"', frame)[1])
    assert page.index('<base href="about:srcdoc">') < page.index('href="#finding-1"')  # else it opens the notebook


def test_markdown_stays_below_its_limit_and_counts_what_it_leaves_out():
    many = sample(lambda: [wrong(f"Layer {i}", f"Layer {i}", "W") for i in range(9000)])
    text = many.to_markdown()
    assert len(text.encode()) < LIMIT
    assert re.search(r"\d+ more rows of this kind did not fit; see the JSON report", text)
    small = markdown(SAMPLES["everything"], limit=4000)
    assert len(small.encode()) < 4000


def test_markdown_mentions_nobody_and_breaks_no_table():
    text = sample(lambda: [wrong("a|b @everyone #1", "a", "<W>|`x`")]).to_markdown()
    assert "@everyone" not in re.sub(r"``.*?``", "", text)  # code spans mention nobody
    row = next(line for line in text.splitlines() if line.startswith("| a"))
    assert len(re.findall(r"(?<!\\)\|", row)) == 8


def test_junit_has_one_case_a_check_and_counts_them():
    report = SAMPLES["everything"]
    root = ET.fromstring(report.to_junit())
    cases = root.findall("testsuite/testcase")
    assert len(cases) == len(report.findings) + len(report.unchecked) == int(root.get("tests"))
    passed = [c for c in cases if not len(c)]
    fine = [f for f in report.findings if f.verdict in (Verdict.AGREES, Verdict.KINK)]
    assert len(passed) == len(fine)
    assert [c.get("name") for c in cases if c.find("skipped") is not None] == ["gradient.entries x"]
    assert int(root.get("errors")) == 1 + len(report.unchecked)


def test_a_checks_second_answer_about_a_quantity_has_a_name_of_its_own():
    """Readers of JUnit keep one case of a name, readers of SARIF one result of a fingerprint."""
    twice = sample(lambda: [wrong("T", "T", "W", message="one"), wrong("T", "T", "W", message="two")])
    cases = ET.fromstring(twice.to_junit()).findall("testsuite/testcase")
    assert [case.get("name") for case in cases] == ["gradient.entries W", "gradient.entries W (2)"]
    results = json.loads(twice.to_sarif())["runs"][0]["results"]
    prints = [result["partialFingerprints"]["gradcheckFinding/v1"] for result in results]
    assert prints[0] == fingerprint(twice.findings[0])
    assert len(set(prints)) == 2


def test_sarif_follows_its_schema_and_points_at_the_backward():
    jsonschema = pytest.importorskip("jsonschema", reason="in the test extra")
    for report in SAMPLES.values():
        log = json.loads(report.to_sarif())
        jsonschema.Draft202012Validator(SARIF, format_checker=jsonschema.FormatChecker()).validate(log)
    results = json.loads(SAMPLES["network"].to_sarif())["runs"][0]["results"]
    place = results[0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "my/layers.py", "uriBaseId": "PROJECTROOT"}
    assert place["region"] == {"startLine": 12, "endLine": 14}


def test_a_fingerprint_stays_when_lines_and_numbers_move():
    base = wrong("T", "T", "W")
    moved = wrong("T", "T", "W", source=("my/layers.py", 99), gap=2.0, message="other")
    assert fingerprint(base) == fingerprint(moved)
    assert len({fingerprint(f) for f in (base, wrong("T", "T", "b"), wrong("U", "T", "W"))}) == 3


def test_github_gets_the_worst_ten_and_a_count_and_no_command_of_a_name():
    many = sample(lambda: [wrong(f"Layer {i}", f"Layer {i}", "W") for i in range(25)])
    lines = many.to_github().splitlines()
    assert len(lines) == 11
    assert "16 more rows are not as they should be" in lines[-2]
    assert all(line.startswith("::") for line in lines)
    hostile = sample(lambda: [wrong("a\n::error::b", "a,b::c%0A", "x")]).to_github()
    assert hostile.count("\n") == 2
    assert all(re.match(r"::(error|warning|notice) [^:]*::", line) for line in hostile.splitlines())
    assert HOSTILE not in SAMPLES["everything"].to_github()
