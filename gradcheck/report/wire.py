"""The report as JSON: one versioned form, strict on reading, exact for every number.

JSON has no NaN and no infinities; they are written as the strings "nan", "inf" and "-inf". All other floats are
written in the shortest form that reads back to the same bits. The schema is `schema.json` beside this file.
"""

from __future__ import annotations

from math import inf, isfinite, isnan, nan
from typing import Any, Literal

import msgspec

from gradcheck.compare import Verdict
from gradcheck.errors import ConfigurationError
from gradcheck.report.counterexample import Counterexample, Numbers
from gradcheck.report.finding import Finding, Table
from gradcheck.report.record import Report, SourceText
from gradcheck.report.text import printable
from gradcheck.target import Role

__all__ = ["FORMAT", "VERSION", "decode", "encode", "schema"]

FORMAT: Literal["gradcheck-report"] = "gradcheck-report"
VERSION: Literal[1] = 1

Number = float | Literal["nan", "inf", "-inf"]
Count = int


class TableWire(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The entries of a block that were measured one by one."""

    shape: tuple[Count, ...]
    index: tuple[tuple[Count, ...], ...]
    claimed: tuple[Number, ...]
    measured: tuple[Number, ...]
    allowed: tuple[Number, ...]


class NumbersWire(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """An array, or a number where shape is empty, in C order."""

    name: str
    dtype: str
    shape: tuple[Count, ...]
    values: tuple[Number, ...]


class CounterexampleWire(msgspec.Struct, forbid_unknown_fields=True, frozen=True, omit_defaults=True):
    """The smallest case that was found to show the same mistake."""

    code: str
    sizes: tuple[tuple[str, Count], ...]
    inputs: tuple[NumbersWire, ...]
    cotangent: tuple[NumbersWire, ...]
    place: tuple[Count, ...] | None = None
    claimed: Number | None = None
    measured: Number | None = None
    tried: Count = 0
    stopped: str = ""


class FindingWire(msgspec.Struct, forbid_unknown_fields=True, frozen=True, omit_defaults=True):
    """What one check says of one quantity; absent fields have no value."""

    target: str
    layer: str
    check: str
    wrt: str
    verdict: Verdict
    message: str = ""
    claimed: Number | None = None
    measured: Number | None = None
    error: Number | None = None
    gap: Number | None = None
    allowed: Number | None = None
    resolution: Number | None = None
    worst: tuple[Count, ...] | None = None
    wrong: Count | None = None
    entries: Count | None = None
    pattern: str | None = None
    reproduce: str = ""
    source: tuple[str, Count] | None = None
    reason: str = ""
    role: Role = "local"
    evaluations: Count = 0
    curve: tuple[tuple[Number, Number], ...] = ()
    accepted: str = ""
    table: TableWire | None = None
    factor: Number | None = None
    origin: str = ""
    part_of: str = ""
    trend: str = ""
    note: str = ""
    counterexample: CounterexampleWire | None = None


class SourceWire(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The lines of a function that findings point at."""

    file: str
    line: Count
    text: str


class ReportWire(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """All findings of one run."""

    format: Literal["gradcheck-report"] = FORMAT
    version: Literal[1] = VERSION
    verdict: Verdict  # of all findings, for whoever reads nothing else
    seed: Count
    effort: Literal["quick", "standard", "thorough"]
    seconds: Number
    stopped: str = ""
    unchecked: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    sources: tuple[SourceWire, ...] = ()
    findings: tuple[FindingWire, ...]


class _Envelope(msgspec.Struct):
    format: str = ""
    version: int = 0


def encode(report: Report) -> str:
    """Return the report as JSON, one finding a line, so that two reports can be compared line by line."""
    wire = {"format": FORMAT, "version": VERSION, "verdict": report.verdict, **_plain(report)}
    checked = msgspec.convert(_spelt(wire), ReportWire)
    fields = {name: getattr(checked, name) for name in ReportWire.__struct_fields__}
    lines = [f' "{name}": {_lines(value)}' for name, value in fields.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _lines(value: Any) -> str:
    if isinstance(value, tuple) and value:
        return "[\n  " + ",\n  ".join(msgspec.json.encode(item).decode() for item in value) + "\n ]"
    return msgspec.json.encode(value).decode()


def decode(text: str | bytes, origin: str) -> Report:
    """Return the report that `encode` wrote.

    Raises:
        ConfigurationError: naming `origin` and what is wrong with it.
    """
    origin = printable(origin)
    try:
        envelope = msgspec.json.decode(text, type=_Envelope)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{origin} cannot be read as a report: {printable(str(error))}") from error
    if envelope.format != FORMAT:
        raise ConfigurationError(
            f"{origin} is not a gradcheck report: expected format={FORMAT!r} but got {envelope.format!r}"
        )
    if envelope.version != VERSION:
        raise ConfigurationError(
            f"{origin} is a report of version {envelope.version}; this gradcheck reads version {VERSION}. "
            "Run the audit again, or use the gradcheck that wrote it"
        )
    try:
        wire = msgspec.json.decode(text, type=ReportWire)
    except msgspec.DecodeError as error:
        raise ConfigurationError(f"{origin} is damaged: {printable(str(error))}") from error
    fields: dict[str, Any] = {name: getattr(wire, name) for name in _plain_fields()}
    fields["findings"] = tuple(_finding(each) for each in wire.findings)
    fields["sources"] = tuple(SourceText(each.file, each.line, each.text) for each in wire.sources)
    fields["seconds"] = _number(wire.seconds)
    report = Report(**fields)
    if report.verdict is not wire.verdict:
        raise ConfigurationError(f"{origin} is damaged: it says {wire.verdict}, its findings say {report.verdict}")
    return report


def schema() -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of a report."""
    told: dict[str, Any] = _summarised(msgspec.json.schema(ReportWire))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **told}


def _summarised(value: Any) -> Any:
    """Keep the first line of each docstring; the rest is for readers of code, and indented as Python's version does."""
    if isinstance(value, dict):
        lines = value.get("description")
        first = {"description": lines.partition("\n")[0]} if isinstance(lines, str) else {}
        return {key: _summarised(item) for key, item in value.items()} | first
    return [_summarised(item) for item in value] if isinstance(value, list) else value


def _plain_fields() -> tuple[str, ...]:
    return tuple(Report.__dataclass_fields__)


def _plain(report: Report) -> dict[str, Any]:
    return {name: msgspec.to_builtins(getattr(report, name), builtin_types=(float,)) for name in _plain_fields()}


def _spelt(value: Any) -> Any:
    """Spell out what JSON has no numbers for."""
    if isinstance(value, float):
        return float(value) if isfinite(value) else "nan" if isnan(value) else "inf" if value > 0 else "-inf"
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()  # JSON has no lone surrogates; file names may
    if isinstance(value, dict):
        return {key: _spelt(item) for key, item in value.items()}
    return [_spelt(item) for item in value] if isinstance(value, (list, tuple)) else value


_SPELT = {"nan": nan, "inf": inf, "-inf": -inf}


def _number(value: Number) -> float:
    return _SPELT[value] if isinstance(value, str) else value


def _numbers(values: tuple[Number, ...]) -> tuple[float, ...]:
    return tuple(map(_number, values))


def _finding(wire: FindingWire) -> Finding:
    fields: dict[str, Any] = {name: getattr(wire, name) for name in Finding.__dataclass_fields__}
    for name in ("claimed", "measured", "error", "gap", "allowed", "resolution", "factor"):
        fields[name] = None if fields[name] is None else _number(fields[name])
    fields["curve"] = tuple((_number(step), _number(gap)) for step, gap in wire.curve)
    if wire.table is not None:
        table = wire.table
        fields["table"] = Table(
            table.shape, table.index, _numbers(table.claimed), _numbers(table.measured), _numbers(table.allowed)
        )
    if wire.counterexample is not None:
        fields["counterexample"] = _counterexample(wire.counterexample)
    return Finding(**fields)


def _counterexample(wire: CounterexampleWire) -> Counterexample:
    fields: dict[str, Any] = {name: getattr(wire, name) for name in Counterexample.__dataclass_fields__}
    for name in ("claimed", "measured"):
        fields[name] = None if fields[name] is None else _number(fields[name])
    for name in ("inputs", "cotangent"):
        fields[name] = tuple(Numbers(n.name, n.dtype, n.shape, _numbers(n.values)) for n in fields[name])
    return Counterexample(**fields)
