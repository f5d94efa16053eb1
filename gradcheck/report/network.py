"""A network's picture: layers from the input down to the loss, and where the gradient's way back goes wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from gradcheck.compare import Verdict
from gradcheck.report.record import Report
from gradcheck.report.rows import Row, network_of, rows_of
from gradcheck.report.svg import el, line, picture, rect, text
from gradcheck.report.text import plural

__all__ = ["MARKERS", "SIGNS", "Network", "draw", "networks_of"]

SIGNS = {
    Verdict.AGREES: "✓",
    Verdict.KINK: "∠",
    Verdict.INCONCLUSIVE: "?",
    Verdict.DISAGREES: "✗",
    Verdict.MALFORMED: "✗",
    Verdict.RAISED: "✗",
}
_WIDTH, _BOX, _GAP, _LEFT = 360.0, 54.0, 22.0, 56.0
_LABEL = 30  # characters of a layer's name that fit into its box
_CARRIED = ("x", "y_hat")  # what a layer hands on to the one before it


@dataclass(frozen=True, slots=True)
class Network:
    """One network of a report.

    Args:
        name: as in its targets' names.
        layers: (label, its local rows), in forward order, the loss last.
        rows: all its rows.
    """

    name: str
    layers: tuple[tuple[str, tuple[Row, ...]], ...]
    rows: tuple[Row, ...]

    @property
    def red(self) -> bool:
        """Whether anything in it is wrong."""
        return any(row.verdict.wrong for row in self.rows)


def networks_of(report: Report) -> tuple[Network, ...]:
    """Return the networks of a report, in its order."""
    groups: dict[str, list[Row]] = {}
    for row in rows_of(report):
        name = network_of(row.finding)
        if name:
            groups.setdefault(name, []).append(row)
    return tuple(_network(name, rows) for name, rows in groups.items())


def _network(name: str, rows: Sequence[Row]) -> Network:
    layers: dict[str, list[Row]] = {}
    for row in rows:
        if row.finding.role == "local":
            layers.setdefault(row.layer, []).append(row)
    return Network(name, tuple((label, tuple(found)) for label, found in layers.items()), tuple(rows))


def draw(network: Network) -> Markup:
    """Return the picture: boxes in forward order, the gradient's path on their right."""
    height = len(network.layers) * (_BOX + _GAP) + _GAP + 14
    parts: list[Markup] = [text(_LEFT, 12, "input", "tick"), text(_WIDTH - 8, 12, "gradient", "tick", anchor="end")]
    spoilt = _spoilt(network)
    path = _WIDTH - 30.0
    for i, (label, rows) in enumerate(network.layers):
        top = 16 + _GAP + i * (_BOX + _GAP)
        parts.append(line(_LEFT + 16, top - _GAP, _LEFT + 16, top - 4, "forward", marker_end="url(#down)"))
        own = any(row.verdict.wrong for row in rows)
        parts.append(rect(_LEFT, top, _WIDTH - _LEFT - 52, _BOX, "layer wrong" if own else "layer", rx=6))
        shown = label if len(label) <= _LABEL else f"{label[: _LABEL - 1]}…"
        parts.append(text(_LEFT + 10, top + 20, shown, "name"))
        parts += _chips(sorted(rows, key=lambda row: not row.verdict.wrong), top + 30)  # the wrong ones always fit
        kind = "carried wrong" if spoilt[i] else "carried"
        parts.append(
            line(path, top + _BOX, path, top - _GAP + 4, kind, marker_end="url(#upwrong)" if spoilt[i] else "url(#up)")
        )
        sign = "✗" if own else "✓"
        parts.append(text(_LEFT - 12, top + _BOX / 2 + 5, sign, "sign wrong" if own else "sign", anchor="end"))
    culprits = [label for label, rows in network.layers if any(row.verdict.wrong for row in rows)]
    told = f"the faults are in {', '.join(culprits)}" if culprits else "no layer's own derivative is wrong"
    name = f"{network.name}: {plural(len(network.layers), 'layer')}; {told}"
    return picture(name, _WIDTH, height, *parts, class_="picture network")


def _spoilt(network: Network) -> list[bool]:
    """Whether the gradient that leaves each layer towards the input is wrong, as seen from the loss."""
    wrong, found = False, []
    for _, rows in reversed(network.layers):
        wrong = wrong or any(row.verdict.wrong and (row.wrt in _CARRIED or not row.wrt) for row in rows)
        found.append(wrong)
    return found[::-1]


def _chips(rows: Sequence[Row], top: float) -> list[Markup]:
    parts, x = [], _LEFT + 10
    for row in rows:
        words = f"{row.wrt or row.verdict.value.lower()} {SIGNS[row.verdict]}"
        width = 7.0 * len(words) + 10
        if x + width > _WIDTH - 56:
            parts.append(text(x, top + 13, "…", "tick"))
            break
        parts.append(rect(x, top, width, 18, f"chip {row.verdict.value.lower()}", rx=9))
        parts.append(text(x + width / 2, top + 13, words, f"chiptext {row.verdict.value.lower()}", anchor="middle"))
        x += width + 6
    return parts


def _marker(name: str, class_: str) -> Markup:
    return el(
        "marker",
        el("path", d="M0 0 L8 4 L0 8 z", class_=class_),
        id=name, viewBox="0 0 8 8", refX=7, refY=4, markerWidth=7, markerHeight=7, orient="auto",
    )  # fmt: skip


MARKERS = el(  # once a page: all its pictures refer to them
    "svg",
    el("defs", _marker("down", "arrow"), _marker("up", "arrow carried"), _marker("upwrong", "arrow wrong")),
    width=0,
    height=0,
    aria_hidden="true",
    class_="markers",
)
