"""The page as its reader meets it: what stands first, what is folded, what can be told apart, in light and dark."""

import html
import itertools
import re
from importlib.resources import files

import pytest
from report_samples import SMALL, network, right, sample, table, wrong

from gradcheck.compare import Verdict
from gradcheck.report import Finding

CSS = (files("gradcheck.report") / "templates" / "report.css").read_text("utf-8")


def unchecked(name):
    told = f"{name} is a layer (init, forward, backward) that no target checks"
    return Finding("layers", name, "audit.coverage", "", Verdict.MALFORMED, told)


def test_the_head_names_each_cause_with_its_likely_mistake_and_leads_to_it():
    head = sample(network).to_html().split("</header>")[0]
    causes = re.findall(r'<li><a href="#(finding-\d)">([^<]*)</a> ([^<]*)</li>', head)
    assert causes == [("finding-1", "Net/2 Dense: x", "mask"), ("finding-2", "Net/2 Dense: W", "factor")]


def test_rows_stand_under_their_network_and_sound_rows_of_the_whole_are_folded():
    def findings():
        yield from network()
        yield right("Net/boundaries", "wiring", "2 Dense → loss", role="boundary", check="model.boundary")

    page = sample(findings).to_html()
    first, folded = page.split("<details><summary>1 row as it should be</summary>")
    assert re.findall(r'colspan="8">([^<]*)<', first) == ["Net", "Net: end to end"]
    assert re.findall(r'colspan="8">([^<]*)<', folded) == ["Net: boundaries"]
    rows = re.findall(r'<tr class="([a-z]+)">\n<th scope="row" class="inner">([^<]*)</th>\n<td>([^<]*)</td>', first)
    assert rows[3:] == [
        ("sound", "1 ReLU", "x"),
        ("culprit", "2 Dense", "x"),
        ("culprit", "2 Dense", "W"),
        ("sound", "loss", "y_hat"),
        ("contaminated", "0 Dense", "W"),
        ("contaminated", "0 Dense", "b"),
        ("contaminated", "2 Dense", "W"),
    ]


def test_pictures_of_what_is_only_contaminated_are_folded():
    sections = sample(network).to_html().split('<section class="finding"')[1:]
    assert ["<summary>Pictures and source</summary>" in section for section in sections] == [False] * 2 + [True] * 3


def test_a_counterexample_is_a_program_line_by_line():
    page = sample(network).to_html()
    [program] = re.findall(r'aria-label="Program that shows [^"]*">([^<]*)</pre>', page)
    assert html.unescape(program).splitlines() == SMALL.code.rstrip().splitlines()
    assert len(program.splitlines()) > 3


def test_a_layer_without_a_target_is_red_but_nobodys_culprit():
    report = sample(lambda: [right("Net", "Net", "x"), unchecked("layers.Cube"), unchecked("layers.Dome")])
    assert report.exit_code == 1
    assert report.culprits == ()
    assert "WRONG: 2 of 3 rows are red, 2 concern the audit itself (layers.Cube, layers.Dome)" in report.to_text()
    assert "the audit itself" in report.to_text()
    assert "culprit" not in report.to_text()
    page = report.to_html()
    assert page.count('<tr class="audit">') == 2
    assert "culprit</span>" not in page.split("How to read this")[0]
    both = sample(lambda: [wrong("Net", "Net", "x"), unchecked("layers.Cube")])
    assert "2 of 2 rows are red, 1 is the cause (Net: x), 1 concerns the audit itself (layers.Cube)" in both.to_text()
    assert both.culprits == (("Net", "x"),)


@pytest.mark.parametrize(("gap", "shade"), [(1e-13, 0), (1e-11, 1), (1e-8, 2), (1e-5, 3), (1e-2, 4), (10.0, 5)])
def test_shades_tell_a_gap_of_the_gradients_size_from_a_small_one(gap, shade):
    """Allowed is 2e-12, so that these gaps are 0.05, 5, 5e3, 5e6, 5e9 and 5e12 times that."""
    entries = table((2, 3), lambda i: False)
    claimed = (entries.claimed[0], entries.measured[1] + gap, *entries.claimed[2:])
    told = type(entries)(entries.shape, entries.index, claimed, entries.measured, entries.allowed)
    page = sample(lambda: [wrong("Net", "Net", "W", table=told, worst=(0, 1))]).to_html()
    assert re.findall(r'class="shade(\d)"', page) == ["0", str(shade), "0", "0", "0", "0"]


def test_the_dots_that_are_drawn_are_the_farthest_from_the_diagonal():
    entries = table((40, 70), lambda i: i == (39, 68))
    page = sample(lambda: [wrong("Wide", "Wide", "W", table=entries, worst=(39, 68))]).to_html()
    assert page.count('class="dot"><title>measured') == 2000
    assert "for 2800 entries (the 2000 farthest from it); right ones lie on the diagonal" in page
    place = entries.index.index((39, 68))
    assert f"measured {entries.measured[place]:+.6g}, claimed {entries.claimed[place]:+.6g}" in page


def test_the_curves_caption_tells_where_the_gap_stays_not_where_it_is_least():
    curve = ((10.0, 0.02), (1.0, 0.1), (0.1, 0.25), (0.01, 0.25), (0.001, 0.25), (1e-4, 0.26), (1e-5, 0.4))
    page = sample(lambda: [wrong("Net", "Net", "x", curve=curve)]).to_html()
    assert "The gap stays near 0.25 in 5 of 7 steps between 10 and 1.0e-05" in page


def test_a_wrong_quantity_has_its_chip_however_many_there_are():
    def findings():
        for name in ("gamma", "beta", "running_mean", "running_var"):
            yield right("Net/0 Norm", "0 Norm", name)
        yield wrong("Net/0 Norm", "0 Norm", "late")
        yield right("Net/loss", "loss", "y_hat")

    assert 'chiptext disagrees" text-anchor="middle">late ✗<' in sample(findings).to_html()


def test_a_source_outside_the_project_is_short_in_the_table_and_whole_in_its_section():
    place = ("/opt/python/lib/site-packages/some/layers.py", 7)
    page = sample(lambda: [wrong("Net", "Net", "x", source=place)]).to_html()
    assert '<td class="source"><a href="#finding-1">…/some/layers.py:7</a></td>' in page
    assert "<dt>source</dt><dd>/opt/python/lib/site-packages/some/layers.py:7</dd>" in page


def test_a_name_with_a_line_break_is_spelt_out():
    page = sample(lambda: [wrong("two\nlines", "two\nlines", "x")]).to_html()
    assert r"two\nlines" in page
    assert "two\nlines" not in page


def palette(scheme):
    """Return {variable: (r, g, b)}; dark is what the page says for prefers-color-scheme: dark."""
    start = CSS.index("@media (prefers-color-scheme: dark)") if scheme == "dark" else 0
    block = CSS[start : CSS.index("}", start)]
    return {
        name: tuple(int(digits[i : i + 2], 16) for i in (0, 2, 4))
        for name, digits in re.findall(r"--(\w+): #([0-9a-f]{6})", block)
    }


def contrast(one, other):
    """Return the contrast ratio of WCAG 2.2."""

    def luminance(colour):
        parts = [c / 255 for c in colour]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


INKS = [  # (text, every ground that it stands on)
    ("ink", ("paper", "panel", "badback", "oddback", "goodback", "openback")),
    ("soft", ("paper", "panel")),
    ("link", ("paper", "panel", "badback", "oddback")),
    ("good", ("paper", "panel", "goodback")),
    ("kink", ("paper", "kinkback")),
    ("open", ("paper", "openback")),
    ("bad", ("paper", "panel", "badback")),
    ("odd", ("paper", "panel", "badback", "oddback")),
    ("paper", ("bad", "odd")),  # the chip of a culprit, in a picture or a row
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("ink", "grounds"), INKS, ids=[ink for ink, _ in INKS])
def test_every_text_stands_out_from_its_ground(scheme, ink, grounds):
    """4.5 to 1, what WCAG 2.2 asks of small text; a browser's audit cannot tell where text lies on a picture."""
    colours = palette(scheme)
    low = {ground: contrast(colours[ink], colours[ground]) for ground in grounds}
    assert min(low.values()) >= 4.5, low


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_neighbouring_shades_of_the_heat_map_differ(scheme):
    colours = palette(scheme)
    steps = [contrast(colours[f"shade{i}"], colours[f"shade{i + 1}"]) for i in range(5)]
    assert min(steps) > 1.15, steps
    brightness = [contrast(colours[f"shade{i}"], (0, 0, 0)) for i in range(1, 6)]
    pairs = list(itertools.pairwise(brightness))
    assert all(a > b for a, b in pairs) or all(a < b for a, b in pairs)  # one direction, also without seeing red
