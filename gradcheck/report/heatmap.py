"""Where a gradient is wrong: gap over allowed for each entry of a block."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf, isfinite, isnan, log10

from markupsafe import Markup

from gradcheck.report.finding import Finding, Table
from gradcheck.report.svg import el, picture, rect, text
from gradcheck.report.text import number, signed

__all__ = ["heatmap"]

_CELLS = 32  # a side; larger blocks are shown by the worst entry of each cell
_SHADES, _DECADES = 5, 3  # of gaps beyond what is allowed: a gap as large as the gradient is about 1e10 beyond
_SIDE = 360.0


def heatmap(finding: Finding) -> tuple[Markup, str] | None:
    """Return (picture, caption), None where entries were not kept.

    Entries within what is allowed are neutral; beyond it one shade stronger for every factor of 1000. Blocks of more
    than two axes are shown by the slice of the last two through the worst entry.
    """
    table = finding.table
    if table is None or not table.index:
        return None
    ratios = dict(zip(table.index, _ratios(table), strict=True))
    worst = finding.worst if finding.worst in ratios else max(ratios, key=lambda i: ratios[i])
    lead = worst[:-2]
    plane = {_plane(index): index for index in ratios if index[:-2] == lead}
    rows, columns = _plane_shape(table.shape)
    down, across = max(1, -(-rows // _CELLS)), max(1, -(-columns // _CELLS))
    cells: dict[tuple[int, int], tuple[int, ...]] = {}
    for (i, j), index in plane.items():
        cell = i // down, j // across
        if cell not in cells or ratios[index] > ratios[cells[cell]]:
            cells[cell] = index
    high, wide = -(-rows // down), -(-columns // across)
    side = min(28.0, _SIDE / max(high, wide))
    values = {index: k for k, index in enumerate(table.index)}
    shapes = list(_cells(table, ratios, values, cells, (high, wide), side))
    left, top = 34.0, 18.0
    marks = [text(left + side * (j + 0.5), 12, str(j * across), "tick", anchor="middle") for j in _ticks(wide)]
    marks += [text(left - 4, top + side * (i + 0.5) + 4, str(i * down), "tick", anchor="end") for i in _ticks(high)]
    wrong = sum(not r <= 1 for r in ratios.values())
    label = f"{finding.wrt}: {wrong} of {len(ratios)} measured entries are beyond what is allowed"
    body = el("g", *shapes, transform=f"translate({left:g} {top:g})")
    drawn = picture(label, left + side * wide + 4, top + side * high + 4, body, *marks)
    return drawn, _caption(finding, table, lead, down, across, label)


def _caption(finding: Finding, table: Table, lead: tuple[int, ...], down: int, across: int, label: str) -> str:
    parts = [f"{label}."]
    if lead:
        parts.append(f"Shown is the slice {finding.wrt}[{', '.join(map(str, lead))}, :, :] through the worst entry.")
    if down > 1 or across > 1:
        parts.append(f"Each cell is the worst of {down} × {across} entries.")
    parts.append("Grey is within what is allowed; each stronger shade of red is a factor of 1000 beyond it.")
    return " ".join(parts)


def _cells(
    table: Table,
    ratios: dict[tuple[int, ...], float],
    values: dict[tuple[int, ...], int],
    cells: dict[tuple[int, int], tuple[int, ...]],
    size: tuple[int, int],
    side: float,
) -> Iterator[Markup]:
    for i in range(size[0]):
        for j in range(size[1]):
            index = cells.get((i, j))
            at = (side * j, side * i, side - 1, side - 1)
            if index is None:
                yield rect(*at, "unmeasured")
                continue
            k, ratio = values[index], ratios[index]
            title = (
                f"[{', '.join(map(str, index))}]  claimed {signed(table.claimed[k])}, "
                f"measured {signed(table.measured[k])}: {number(ratio)} times what is allowed"
            )
            yield rect(*at, f"shade{_shade(ratio)}", el("title", title))


def _ratios(table: Table) -> Iterator[float]:
    for claimed, measured, allowed in zip(table.claimed, table.measured, table.allowed, strict=True):
        gap = abs(measured - claimed)
        ratio = gap / allowed if allowed > 0 else (inf if gap else 0.0)
        yield inf if isnan(ratio) else ratio


def _shade(ratio: float) -> int:
    """Return 0 for what is allowed, then 1 … 5."""
    if ratio <= 1:
        return 0
    return min(_SHADES, 1 + int(log10(ratio) / _DECADES)) if isfinite(ratio) else _SHADES


def _plane(index: tuple[int, ...]) -> tuple[int, int]:
    return (0, *index)[-2:] if len(index) < 2 and index else index[-2:] if index else (0, 0)  # type: ignore[return-value]


def _plane_shape(shape: tuple[int, ...]) -> tuple[int, int]:
    padded = (1, 1, *shape)
    return padded[-2], padded[-1]


def _ticks(count: int) -> range:
    return range(0, count, max(1, count // 8))
