"""Settings from `[tool.gradcheck]` or gradcheck.toml, from the environment and from the command line.

The command line wins over the environment, the environment over the file, the file over the defaults. Keys are the
words of the command line's long options: `time-budget = 60`. Nothing unknown is passed over in silence.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from gradcheck.errors import ConfigurationError

__all__ = ["Config", "Resolved", "find_file", "read_file", "resolve", "suggest"]

Fraction = Annotated[float, Meta(gt=0, lt=1)]
Seconds = Annotated[float, Meta(gt=0)]
Positive = Annotated[int, Meta(ge=1)]


class Config(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True, rename="kebab"):
    """Everything that can be set; each field is an option of `audit` under the same name.

    Attributes:
        targets: what to check when nothing is named: modules, files, "module:object".
        seed: of every random number.
        effort: how much to spend.
        resolution: largest relative error that an AGREES may leave unseen; None for the precision's own.
        tolerance: relative gap that is of no interest; None for none.
        counterexample: whether failures are made as small as they can be; None for effort "thorough" alone.
        only: patterns; quantities that match none are left out.
        format: of standard output.
        report: "json:PATH", "html:PATH", ... written beside it.
        fail_on: the mildest verdict that counts as wrong.
        baseline: file of accepted findings.
        expected_failures: accepted findings, {id: reason}.
        max_failures: stop after so many wrong findings.
        time_budget: seconds for the whole run.
        timeout: seconds for one target.
        jobs: worker processes, or "auto" for one a core.
        backend: where jobs run.
        scheduler: address of a dask scheduler.
    """

    targets: tuple[str, ...] = ()
    seed: Annotated[int, Meta(ge=0)] = 0
    effort: Literal["quick", "standard", "thorough"] = "standard"
    resolution: Fraction | None = None
    tolerance: Fraction | None = None
    counterexample: bool | None = None
    only: tuple[str, ...] = ()
    format: Literal["full", "concise", "json"] = "full"
    report: tuple[str, ...] = ()
    fail_on: Literal["wrong", "inconclusive", "kink"] = "wrong"
    baseline: str | None = None
    expected_failures: dict[str, str] = {}
    max_failures: Positive | None = None
    time_budget: Seconds | None = None
    timeout: Seconds | None = None
    jobs: Positive | Literal["auto"] = 1
    backend: Literal["loky", "dask", "ray"] = "loky"
    scheduler: str | None = None


@dataclass(frozen=True)
class Resolved:
    """A configuration and where each of its values comes from.

    Args:
        config: the values.
        origins: field -> "default", a file, an environment variable or "command line".
        root: directory that relative paths of the file are relative to, None without a file.
    """

    config: Config
    origins: Mapping[str, str]
    root: Path | None


_LISTS = ("targets", "only", "report")


def resolve(given: Mapping[str, Any], *, environment: Mapping[str, str], start: Path) -> Resolved:
    """Return the configuration that applies.

    Args:
        given: options of the command line that were given, by field name.
        environment: where GRADCHECK_SEED, GRADCHECK_EFFORT, ... are looked up; lists are split at commas.
        start: directory from which gradcheck.toml or pyproject.toml is searched upwards.
    Raises:
        ConfigurationError: a value cannot be read, or a key is unknown.
    """
    file = find_file(start)
    values: dict[str, Any] = {}
    origins = dict.fromkeys(Config.__struct_fields__, "default")
    if file is not None:
        for name, value in read_file(file).items():
            values[name], origins[name] = value, str(file)
    for name in Config.__struct_fields__:
        variable = f"GRADCHECK_{name.upper()}"
        text = environment.get(variable, "")
        if text and name != "expected_failures":
            raw: Any = [part.strip() for part in text.split(",") if part.strip()] if name in _LISTS else text
            values[name], origins[name] = _converted({name: raw}, variable, strict=False)[name], variable
    for name, value in given.items():
        checked = _converted({name: value}, f"--{name.replace('_', '-')}", strict=True)
        values[name], origins[name] = checked[name], "command line"
    if file is not None and origins["targets"] == str(file):
        values["targets"] = tuple(_from_here(spec, file.parent, start) for spec in values["targets"])
    return Resolved(Config(**values), origins, None if file is None else file.parent)


def _from_here(spec: str, root: Path, start: Path) -> str:
    """Return a file's path, which the configuration tells from its own directory, as told from here."""
    return os.path.relpath(root / spec, start) if "/" in spec or spec.partition(":")[0].endswith(".py") else spec


def find_file(start: Path) -> Path | None:
    """Return the nearest gradcheck.toml, or pyproject.toml with a [tool.gradcheck], from a directory upwards."""
    for folder in (start, *start.parents):
        own, project = folder / "gradcheck.toml", folder / "pyproject.toml"
        if own.is_file():
            return own
        if project.is_file() and "gradcheck" in _parsed(project).get("tool", {}):
            return project
    return None


def read_file(file: Path) -> dict[str, Any]:
    """Return the fields that a configuration file sets.

    Raises:
        ConfigurationError: it is not TOML, or holds an unknown key or a value of the wrong kind.
    """
    table = _parsed(file)
    where = str(file)
    if file.name == "pyproject.toml":
        table, where = table.get("tool", {}).get("gradcheck", {}), f"[tool.gradcheck] of {file}"
    known = {name.replace("_", "-"): name for name in Config.__struct_fields__}
    unknown = [key for key in table if key not in known]
    if unknown:
        hint = suggest(unknown[0].replace("_", "-"), known) or f"; the keys are {', '.join(known)}"
        raise ConfigurationError(f"Unknown key {unknown[0]!r} in {where}{hint}")
    fields = _converted({known[key]: value for key, value in table.items()}, where, strict=True)
    blank = [key for key, reason in fields.get("expected_failures", {}).items() if not reason.strip()]
    if blank:
        raise ConfigurationError(f"Expected a reason for the expected failure {blank[0]!r} in {where} but got none")
    return fields


def _parsed(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"{file} cannot be read: {error}") from error


def _converted(fields: Mapping[str, Any], where: str, *, strict: bool) -> dict[str, Any]:
    keyed = {name.replace("_", "-"): value for name, value in fields.items()}
    try:
        config = msgspec.convert(keyed, Config, strict=strict)
    except msgspec.ValidationError as error:
        told, _, path = str(error).partition(" - at `$.")
        key = path.rstrip("`")
        got = keyed.get(key.split("[")[0], "")
        raise ConfigurationError(f"{told}, but got {key}={got!r} in {where}") from error
    return {name: getattr(config, name) for name in fields}


def suggest(name: str, known: Any, *, before: str = "") -> str:
    """Return "; did you mean …?" for a mistyped name, or "" where nothing is near; `before` is what it stood after."""
    names = list(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    near = near or [longer for longer in names if len(name) > 3 and name in longer]  # "targets" of "gradcheck_targets"
    return f"; did you mean {before + near[0]!r}?" if near else ""
