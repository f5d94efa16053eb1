"""Words and numbers as every renderer prints them."""

from __future__ import annotations

import unicodedata
from math import inf, isnan

__all__ = ["number", "pair", "plural", "printable", "relative", "signed"]

_NO_VALUE = "·"


def printable(text: str) -> str:
    r"""Return text with control characters and invisible formatting spelt out, so that no name can drive a terminal.

    Example:
        >>> printable("a\x1b[31m\nb")
        'a\\x1b[31m\\nb'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escaped(c) if unicodedata.category(c) in _HIDDEN else c for c in text)


_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}  # controls, bidirectional marks, lone surrogates, unassigned


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def number(value: float | None, digits: int = 2) -> str:
    """Return a magnitude in short: "3.1e-12", "0", "inf", "·" for none."""
    if value is None:
        return _NO_VALUE
    if isnan(value):
        return "nan"
    if value == 0:
        return "0"
    return f"{value:.{digits - 1}e}" if not 1e-3 <= abs(value) < 1e4 else f"{value:.{digits}g}"


def signed(value: float | None) -> str:
    """Return a derivative with its sign and six digits: "+0.211129"."""
    return _NO_VALUE if value is None else f"{value:+.6g}"


def pair(claimed: float | None, measured: float | None) -> tuple[str, str]:
    """Return both with their signs, and with as many digits (six or more) as it takes to read them apart.

    Example:
        >>> pair(0.25, 0.844517), pair(1.164271, 1.164272)
        (('+0.25', '+0.844517'), ('+1.164271', '+1.164272'))
    """
    if claimed is None or measured is None or claimed == measured:
        return signed(claimed), signed(measured)
    told = ((f"{claimed:+.{digits}g}", f"{measured:+.{digits}g}") for digits in range(6, 18))
    return next((one, other) for one, other in told if one != other or "n" in one)  # nan reads alike


def relative(value: float | None) -> str:
    """Return a resolution to one digit: "4e-12"; "none" where no error would have been seen."""
    if value is None or isnan(value):
        return _NO_VALUE if value is None else "nan"
    return "0" if value == 0.0 else "none" if 1 <= value < inf else f"{value:.0e}"


def plural(count: int, word: str) -> str:
    """Return "1 row", "2 rows"; "entries" for "entry"."""
    if count == 1:
        return f"1 {word}"
    return f"{count} {word[:-1]}ies" if word.endswith("ry") else f"{count} {word}s"
