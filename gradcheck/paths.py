"""The project that a report tells its paths from."""

from __future__ import annotations

import os
from functools import lru_cache

__all__ = ["project_root", "told_from_root"]

_SIGNS = (".git", "pyproject.toml", "gradcheck.toml", "setup.py")  # what the directory of a project holds


def project_root() -> str:
    """Return the nearest directory above the working directory that holds a project, or that one; ends in "/"."""
    return _root_above(os.getcwd()).rstrip("/") + "/"


def told_from_root(source: tuple[str, int] | None) -> tuple[str, int] | None:
    """Return (file, line) with the file's path from the project, where it lies inside."""
    return None if source is None else (source[0].removeprefix(project_root()), source[1])


@lru_cache(maxsize=8)  # a check asks each time, and eight questions to the disk are a fortieth of a small one
def _root_above(here: str) -> str:
    directory = here
    while not any(os.path.exists(os.path.join(directory, sign)) for sign in _SIGNS):
        above = os.path.dirname(directory)
        if above == directory:
            return here
        directory = above
    return directory
