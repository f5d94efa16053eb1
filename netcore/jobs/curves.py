"""Learning curves: a line of blocks for the terminal, an SVG for a page."""

import math
from collections.abc import Mapping, Sequence
from html import escape

BLOCKS = "▁▂▃▄▅▆▇█"
COLOURS = ("#0b62a4", "#b3470f", "#2e7d32", "#6a3d9a")  # apart in grey, too
WIDTH, HEIGHT, MARGIN = 640, 280, 48


def spark(values: Sequence[float]) -> str:
    """Return one block a value, the lowest and the highest at the ends of the range."""
    finite = [v for v in values if math.isfinite(v)]
    low, high = min(finite, default=0.0), max(finite, default=0.0)
    step = (high - low) / (len(BLOCKS) - 1) or 1.0
    return "".join(BLOCKS[round((v - low) / step)] if math.isfinite(v) else "?" for v in values)


def svg(curves: Mapping[str, Sequence[float]], title: str) -> str:
    """Return a picture of curves over epochs, the values on a logarithmic axis.

    Args:
        curves: a name and its positive values, one an epoch, from epoch 1.
        title: above the picture, and what a screen reader says.
    """
    values = [v for curve in curves.values() for v in curve if v > 0 and math.isfinite(v)]
    low, high = math.log10(min(values, default=1.0)), math.log10(max(values, default=10.0))
    high = max(high, low + 1e-3)
    epochs = max((len(curve) for curve in curves.values()), default=1)

    def x(epoch: int) -> float:
        return MARGIN + (WIDTH - 2 * MARGIN) * (epoch - 1) / max(epochs - 1, 1)

    def y(value: float) -> float:
        return HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * (math.log10(value) - low) / (high - low)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" font-size="12" '
        f'font-family="sans-serif"><title>{escape(title)}</title>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/><text x="{MARGIN}" y="24">{escape(title)}</text>',
    ]
    for tick in _ticks(low, high):
        parts.append(
            f'<path d="M{MARGIN} {y(tick):.1f}H{WIDTH - MARGIN}" stroke="#ddd"/>'
            f'<text x="{MARGIN - 4}" y="{y(tick) + 4:.1f}" text-anchor="end">{tick:.3g}</text>'
        )
    for epoch in sorted({1, (epochs + 1) // 2, epochs}):
        parts.append(f'<text x="{x(epoch):.1f}" y="{HEIGHT - MARGIN + 18}" text-anchor="middle">{epoch}</text>')
    parts.append(f'<text x="{WIDTH / 2}" y="{HEIGHT - 8}" text-anchor="middle">epoch</text>')
    for i, (name, curve) in enumerate(curves.items()):
        colour = COLOURS[i % len(COLOURS)]
        points = " ".join(f"{x(e):.1f},{y(v):.1f}" for e, v in enumerate(curve, 1) if v > 0 and math.isfinite(v))
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'
            f'<text x="{WIDTH - MARGIN}" y="{24 + 16 * i}" text-anchor="end" fill="{colour}">{escape(name)}</text>'
        )
    return "\n".join([*parts, "</svg>\n"])


def _ticks(low: float, high: float) -> list[float]:
    """Return 1, 2 and 5 times powers of ten between 10^low and 10^high; the ends where there are none."""
    found = [m * 10.0**e for e in range(math.floor(low), math.ceil(high) + 1) for m in (1, 2, 5)]
    return [v for v in found if low <= math.log10(v) <= high] or [10.0**low, 10.0**high]
