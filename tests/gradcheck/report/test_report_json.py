"""The report as JSON gives every number back, and refuses what it does not know."""

import dataclasses
import json
import math
import struct
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcheck.compare import Verdict
from gradcheck.errors import ConfigurationError
from gradcheck.report import Counterexample, Finding, Numbers, Report, SourceText, Table
from gradcheck.report.wire import CounterexampleWire, FindingWire, NumbersWire, ReportWire, TableWire, schema

NUMBERS = st.none() | st.floats()
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
COUNTS = st.integers(0, 10**6)
INDICES = st.lists(COUNTS, max_size=3).map(tuple)


def tuples(*parts):
    return st.lists(st.tuples(*parts), max_size=3).map(tuple)


FLOATS = st.lists(st.floats(), max_size=3).map(tuple)
TABLES = st.builds(Table, INDICES, st.lists(INDICES, max_size=2).map(tuple), FLOATS, FLOATS, FLOATS)
ARRAYS = st.lists(st.builds(Numbers, TEXT, TEXT, INDICES, FLOATS), max_size=2).map(tuple)
SMALL = st.builds(
    Counterexample,
    **{"code": TEXT, "sizes": tuples(TEXT, COUNTS), "inputs": ARRAYS, "cotangent": ARRAYS, "stopped": TEXT},
    **{"place": st.none() | INDICES, "claimed": NUMBERS, "measured": NUMBERS, "tried": COUNTS},
)
FINDINGS = st.builds(
    Finding,
    target=TEXT,
    layer=TEXT,
    check=TEXT,
    wrt=TEXT,
    verdict=st.sampled_from(list(Verdict)),
    message=TEXT,
    **dict.fromkeys(("claimed", "measured", "error", "gap", "allowed", "resolution"), NUMBERS),
    worst=st.none() | INDICES,
    wrong=st.none() | COUNTS,
    entries=st.none() | COUNTS,
    pattern=st.none() | TEXT,
    reproduce=TEXT,
    source=st.none() | st.tuples(TEXT, COUNTS),
    reason=TEXT,
    role=st.sampled_from(["local", "boundary", "end_to_end"]),
    evaluations=COUNTS,
    curve=tuples(st.floats(), st.floats()),
    accepted=TEXT,
    table=st.none() | TABLES,
    counterexample=st.none() | SMALL,
)
REPORTS = st.builds(
    Report,
    findings=st.lists(FINDINGS, max_size=3).map(tuple),
    seed=COUNTS,
    effort=st.sampled_from(["quick", "standard", "thorough"]),
    environment=tuples(TEXT, TEXT),
    seconds=st.floats(0, 1e6),
    stopped=TEXT,
    unchecked=st.lists(TEXT, max_size=2).map(tuple),
    sources=st.lists(st.builds(SourceText, TEXT, COUNTS, TEXT), max_size=2).map(tuple),
)
FINDING = Finding("t", "t", "gradient.entries", "x", Verdict.DISAGREES, claimed=math.nan, measured=-math.inf)


def bits(value):
    """Everything of a report with floats as their bits, NaN as one of its kind."""
    if dataclasses.is_dataclass(value):
        return {f.name: bits(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, float):
        return "nan" if math.isnan(value) else struct.pack("<d", value)
    return tuple(map(bits, value)) if isinstance(value, tuple) else value


@given(REPORTS)
@settings(deadline=None)
def test_a_report_comes_back_to_the_bit(report):
    text = report.to_json()
    json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert bits(Report.from_json(text)) == bits(report)
    assert Report.from_json(text).to_json() == text


def test_numbers_that_json_has_not_are_spelt():
    found = json.loads(Report((FINDING,)).to_json())["findings"][0]
    assert (found["claimed"], found["measured"]) == ("nan", "-inf")


def test_the_wire_has_every_field_of_the_records():
    wires = {FindingWire: Finding, TableWire: Table, CounterexampleWire: Counterexample, NumbersWire: Numbers}
    for wire, record in wires.items():
        assert wire.__struct_fields__ == tuple(record.__dataclass_fields__)
    extra = set(ReportWire.__struct_fields__) - set(Report.__dataclass_fields__)
    assert extra == {"format", "version", "verdict"}


def test_the_published_schema_is_that_of_the_code_and_admits_a_report():
    published = json.loads((files("gradcheck.report") / "schema.json").read_text())
    assert published == json.loads(json.dumps(schema()))
    jsonschema = pytest.importorskip("jsonschema", reason="in the test extra; the schema is still compared above")
    validator = jsonschema.Draft202012Validator(published)
    report = json.loads(Report((FINDING,)).to_json())
    validator.validate(report)
    for damage in ({"version": 2}, {"unknown": 1}, {"findings": [{"verdict": "FINE"}]}):
        assert not validator.is_valid({**report, **damage})


GOOD = Report((FINDING,)).to_json()
DAMAGED = [
    ("", "r.json cannot be read as a report: Input data was truncated"),
    (GOOD[:200], "r.json cannot be read as a report: Input data was truncated"),
    (b"\xff\xfe", "r.json cannot be read as a report"),
    ("[]", "r.json cannot be read as a report: Expected `object`, got `array`"),
    ('{"a": 1}', "r.json is not a gradcheck report: expected format='gradcheck-report' but got ''"),
    (GOOD.replace('"version": 1', '"version": 9'), "r.json is a report of version 9; this gradcheck reads version 1"),
    (GOOD.replace('"wrt"', '"wtr"'), r"r.json is damaged: Object contains unknown field `wtr` - at `\$.findings\[0\]`"),
    (GOOD.replace('"nan"', '"NaN"'), r"r.json is damaged: Invalid enum value 'NaN' - at `\$.findings\[0\].claimed`"),
    (GOOD.replace('"seed": 0', '"seed": 0.5'), r"r.json is damaged: Expected `int`, got `float` - at `\$.seed`"),
    (GOOD.replace('"verdict": "DISAGREES"', '"verdict": "AGREES"'), "it says AGREES, its findings say DISAGREES"),
]


@pytest.mark.parametrize(("text", "said"), DAMAGED, ids=range(len(DAMAGED)))
def test_a_damaged_or_foreign_file_is_refused_in_a_sentence(text, said):
    with pytest.raises(ConfigurationError, match=said):
        Report.from_json(text, origin="r.json")
