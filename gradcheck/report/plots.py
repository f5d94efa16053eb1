"""Why a measurement can be trusted: the gap against the step, and claimed against measured."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor, isfinite, log10
from statistics import median

from markupsafe import Markup

from gradcheck.compare import Verdict
from gradcheck.report.finding import Finding
from gradcheck.report.svg import el, line, picture, rect, text
from gradcheck.report.text import number, plural, signed

__all__ = ["against_measured", "against_step"]

_WIDTH, _HEIGHT = 360.0, 240.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 52.0, 20.0, 10.0, 38.0
_DOTS = 2000  # more of them are one blot


def against_step(finding: Finding) -> tuple[Markup, str] | None:
    """Return (picture, what it says) of the gap at each step on logarithmic axes, None where there was no ladder."""
    points = [(h, abs(gap)) for h, gap in finding.curve if h > 0 and isfinite(gap) and gap != 0]
    if len(points) < 2:
        return None
    allowed = finding.allowed if finding.allowed and isfinite(finding.allowed) else None
    heights = [gap for _, gap in points] + ([allowed] if allowed else [])
    x0, x1 = _decades([h for h, _ in points])
    y0, y1 = _decades(heights)

    def across(h: float) -> float:
        return _LEFT + (log10(h) - x0) / (x1 - x0) * (_WIDTH - _LEFT - _RIGHT)

    def up(gap: float) -> float:
        return _HEIGHT - _BOTTOM - (log10(gap) - y0) / (y1 - y0) * (_HEIGHT - _TOP - _BOTTOM)

    parts = [*_frame(x0, x1, y0, y1, "step", "|gap|")]
    if allowed:
        bottom = _HEIGHT - _BOTTOM
        parts.append(rect(_LEFT, up(allowed), _WIDTH - _LEFT - _RIGHT, max(0.0, bottom - up(allowed)), "allowed"))
    path = " ".join(f"{across(h):.1f},{up(gap):.1f}" for h, gap in points)
    parts.append(el("polyline", points=path, class_="series"))
    for h, gap in points:
        title = el("title", f"step {number(h)}: gap {number(gap)}")
        parts.append(el("circle", title, cx=across(h), cy=up(gap), r=3.5, class_="dot"))
    words = _told(finding, points)
    return picture(f"gap against step: {words}", _WIDTH, _HEIGHT, *parts), words


def _told(finding: Finding, points: Sequence[tuple[float, float]]) -> str:
    """Say in words what the curve shows."""
    gaps = [gap for _, gap in points]
    coarse, fine, least = points[0][0], points[-1][0], min(gaps)
    if finding.verdict is Verdict.DISAGREES:
        usual = median(gaps)  # the coarsest steps are off by truncation, the finest by noise
        steady = sum(usual / 2 <= gap <= 2 * usual for gap in gaps)
        return (
            f"The gap stays near {number(usual)} in {steady} of {plural(len(gaps), 'step')} between "
            f"{number(coarse)} and {number(fine)}; the band is what is allowed. A gap that no step makes smaller is "
            "not the measurement's."
        )
    if finding.reason:
        return f"{finding.reason[:1].upper()}{finding.reason[1:]}."
    return f"The gap falls to {number(least)} as the step is refined from {number(coarse)}: into the allowed band."


def against_measured(finding: Finding) -> tuple[Markup, str] | None:
    """Return (picture, caption) of claimed against measured entries, None where entries were not kept."""
    table = finding.table
    if table is None:
        return None
    pairs = [(m, c) for m, c in zip(table.measured, table.claimed, strict=True) if isfinite(m) and isfinite(c)]
    if len(pairs) < 2:
        return None
    size = max(max(abs(m), abs(c)) for m, c in pairs) or 1.0
    side = _HEIGHT - _TOP - _BOTTOM
    left = _LEFT + 20

    def across(value: float) -> float:
        return left + (value / size + 1.05) / 2.1 * side

    def up(value: float) -> float:
        return _TOP + side - (value / size + 1.05) / 2.1 * side

    parts = [rect(left, _TOP, side, side, "frame")]
    parts.append(line(across(-size), up(-size), across(size), up(size), "diagonal"))
    parts += [line(left, up(0), left + side, up(0), "grid"), line(across(0), _TOP, across(0), _TOP + side, "grid")]
    for value in (-size, 0.0, size):
        parts.append(text(left - 5, up(value) + 4, number(value), "tick", anchor="end"))
        parts.append(text(across(value), _TOP + side + 15, number(value), "tick", anchor="middle"))
    parts.append(text(left + side / 2, _HEIGHT - 6, "measured", "axis", anchor="middle"))
    parts.append(
        el(
            "text",
            "claimed",
            x=12,
            y=_TOP + side / 2,
            class_="axis",
            text_anchor="middle",
            transform=f"rotate(-90 12 {_TOP + side / 2:g})",
        )
    )
    pairs.sort(key=lambda pair: abs(pair[0] - pair[1]))
    for measured, claimed in pairs[-_DOTS:]:  # the farthest from the diagonal last, on top of the others
        title = el("title", f"measured {signed(measured)}, claimed {signed(claimed)}")
        parts.append(el("circle", title, cx=across(measured), cy=up(claimed), r=3.0, class_="dot"))
    most = f" (the {_DOTS} farthest from it)" if len(pairs) > _DOTS else ""
    caption = f"Claimed against measured for {plural(len(pairs), 'entry')}{most}; right ones lie on the diagonal."
    return picture(caption, left + side + _RIGHT, _HEIGHT, *parts), caption


def _decades(values: Sequence[float]) -> tuple[int, int]:
    low, high = floor(log10(min(values))), ceil(log10(max(values)))
    return low, max(high, low + 1)


def _frame(x0: int, x1: int, y0: int, y1: int, across: str, up: str) -> list[Markup]:
    wide, high = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
    parts = [rect(_LEFT, _TOP, wide, high, "frame")]
    for k in range(x0, x1 + 1, max(1, (x1 - x0) // 5)):
        x = _LEFT + (k - x0) / (x1 - x0) * wide
        parts += [line(x, _TOP, x, _TOP + high, "grid"), text(x, _HEIGHT - 22, f"1e{k}", "tick", anchor="middle")]
    for k in range(y0, y1 + 1, max(1, (y1 - y0) // 5)):
        y = _TOP + high - (k - y0) / (y1 - y0) * high
        parts += [line(_LEFT, y, _LEFT + wide, y, "grid"), text(_LEFT - 5, y + 4, f"1e{k}", "tick", anchor="end")]
    parts.append(text(_LEFT + wide / 2, _HEIGHT - 6, across, "axis", anchor="middle"))
    middle = _TOP + high / 2
    parts.append(
        el("text", up, x=11, y=middle, class_="axis", text_anchor="middle", transform=f"rotate(-90 11 {middle:g})")
    )
    return parts
