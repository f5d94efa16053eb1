"""Docstrings are plain text with mathematics: what reStructuredText would read as markup is escaped."""

import re
from typing import Any

_MARKUP = re.compile(r"(`[^`]*`)|([*|]|(?<=\w)_(?!\w))")


def escaped(line: str) -> str:
    """Return a line whose stars, bars and trailing underscores mean themselves; what is in backticks stays.

    Example:
        >>> escaped("|x| of (*inputs), as `*args`")
        '\\\\|x\\\\| of (\\\\*inputs), as `*args`'
    """
    return _MARKUP.sub(lambda found: found[1] or f"\\{found[2]}", line)


def _process(app: Any, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    lines[:] = [line if line.lstrip().startswith((">>>", "...")) else escaped(line) for line in lines]


def setup(app: Any) -> dict[str, bool]:
    """Escape before napoleon, which makes markup, sees the lines."""
    app.connect("autodoc-process-docstring", _process, priority=400)
    return {"parallel_read_safe": True}
