"""Pictures as inline SVG: every text escaped, every colour a class that the page's style gives in light and dark."""

from __future__ import annotations

from markupsafe import Markup, escape

from gradcheck.report.text import printable

__all__ = ["el", "line", "picture", "rect", "text"]


def el(tag: str, *children: str | Markup, **attributes: object) -> Markup:
    """Return one element; attribute names are given with underscores, `class_` is class."""
    told = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{_shown(value)}"'
        for name, value in attributes.items()
        if value is not None
    )
    inside = "".join(child if isinstance(child, Markup) else escape(printable(child)) for child in children)
    return Markup(f"<{tag}{told}>{inside}</{tag}>")  # every part was escaped above


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".")
    return str(escape(printable(str(value))))


def picture(label: str, width: float, height: float, *children: Markup, class_: str = "picture") -> Markup:
    """Return an svg element that scales to its column and is read out as `label`."""
    return el(
        "svg",
        *children,
        viewBox=f"0 0 {width:g} {height:g}",
        width=f"{width:g}",
        role="img",
        aria_label=label,
        class_=class_,
        xmlns="http://www.w3.org/2000/svg",
    )


def line(x1: float, y1: float, x2: float, y2: float, class_: str, **attributes: object) -> Markup:
    """Return a straight line."""
    return el("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_, **attributes)


def rect(
    x: float, y: float, width: float, height: float, class_: str, *children: Markup, **attributes: object
) -> Markup:
    """Return a rectangle."""
    return el("rect", *children, x=x, y=y, width=width, height=height, class_=class_, **attributes)


def text(x: float, y: float, words: str, class_: str = "", *, anchor: str = "start") -> Markup:
    """Return one line of text."""
    return el("text", words, x=x, y=y, class_=class_ or None, text_anchor=anchor)
