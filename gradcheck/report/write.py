"""Reports as files: written beside and renamed into place, so that no half-written one is ever read."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from gradcheck.errors import ConfigurationError
from gradcheck.report.record import Report

__all__ = ["KINDS", "append_summary", "write"]

_LEAST = 4096  # bytes: a summary of less tells nothing

KINDS: dict[str, Callable[[Report], str]] = {
    "json": Report.to_json,
    "html": Report.to_html,
    "markdown": Report.to_markdown,
    "junit": Report.to_junit,
    "sarif": Report.to_sarif,
    "github": Report.to_github,
    "text": Report.to_text,
}


def write(report: Report, kind: str, path: Path) -> None:
    """Write a report in one of KINDS.

    Raises:
        ConfigurationError: the file cannot be written; whatever stood there is left alone.
    """
    place(KINDS[kind](report), path)


def append_summary(report: Report, path: Path) -> None:
    """Add the report to a step's summary, where other lines may stand already, in what room they have left.

    Raises:
        OSError: the file cannot be written.
    """
    from gradcheck.report.markdown import LIMIT, render  # renderers are loaded when they are used

    taken = path.stat().st_size if path.exists() else 0
    room = LIMIT - taken
    if room < _LEAST:
        return
    with open(path, "ab", buffering=0) as file:  # one write: all of it or nothing
        file.write(render(report, limit=room).encode("utf-8"))


def place(text: str, path: Path) -> None:
    """Put a text into a file, all of it or nothing."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
            os.chmod(name, 0o666 & ~_umask())
            os.replace(name, path)
        except BaseException:
            os.unlink(name)
            raise
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror or error}") from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
