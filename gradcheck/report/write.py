"""Reports as files: written beside and renamed into place, so that no half-written one is ever read."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from gradcheck.errors import ConfigurationError
from gradcheck.report.record import Report

__all__ = ["KINDS", "write"]

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
