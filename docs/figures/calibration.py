"""Measure how error bars compare with true errors, and draw it.

    python docs/figures/calibration.py measure --draws 25200   # writes calibration.json; some minutes
    python docs/figures/calibration.py draw                    # writes the SVGs from calibration.json

The functions and the draws are those of `tests/benchmarks/campaign.py calibration`: 42 families with a closed-form
derivative at forty digits, `numpy.random.default_rng([seed, number])` for draw `number` of family `number % 42`.
"""

import argparse
import json
import sys
from math import ceil, floor, isfinite, log10
from pathlib import Path

import numpy as np
from markupsafe import Markup

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "gradcheck" / "calibration")]

from gradcheck.probes.ladder import measure  # noqa: E402  # found by the path above, installed or not
from gradcheck.probes.line import Line  # noqa: E402
from gradcheck.report.svg import el, line, picture, rect, text  # noqa: E402

DATA = HERE / "calibration.json"
BINS = [round(-6 + k / 10, 1) for k in range(71)]  # log10 of true error over bar: ten a decade, 1e-6 to 10
SHOWN = 588  # draws in the scatter: every family fourteen times
SLOPE = 0.7  # where the steps of the third picture are taken


def measured(dtype, draws, seed):
    """Return counts of true error over bar by group, and the first draws one by one."""
    from families import drawn, families

    known = families(dtype)
    groups = {f.group: {"answered": 0, "open": 0, "counts": [0] * (len(BINS) + 1)} for f in known}
    points, largest = [], 0.0
    for number in range(draws):
        rng = np.random.default_rng([seed, number])
        found = drawn(known[number % len(known)], dtype, rng, claim=number % 3 > 0)
        group = groups[found.family.group]
        if not found.answered:
            group["open"] += 1
            continue
        group["answered"] += 1
        ratio = float(found.ratio)
        largest = max(largest, ratio)
        place = int(np.searchsorted(BINS, log10(ratio), side="left")) if ratio > 0 else 0  # ratio <= 10**BINS[place]
        group["counts"][place] += 1
        if number < SHOWN and found.error and found.truth:
            size = abs(found.truth)
            bar, error = float(found.estimate.error) / size, abs(float(found.error)) / size
            points.append([list(groups).index(found.family.group), float(f"{error:.3g}"), float(f"{bar:.3g}")])
    return {
        "draws": draws,
        "families": len(known),
        "seed": seed,
        "largest": largest,
        "groups": groups,
        "points": points,
    }


def steps():
    """Return how the gap moves with the step for sin at SLOPE: right, wrong by a millionth, and rounded inside."""
    x = np.array([SLOPE])

    def rounded(t):
        return np.sin(t.astype(np.float32)).astype(np.float64)

    curves = {}
    for name, f, factor in (
        ("right", np.sin, 1.0),
        ("claim off by 1e-6", np.sin, 1 + 1e-6),
        ("right, float32 inside", rounded, 1.0),
    ):
        line = Line(f, x, np.ones(1), np.ones(1), f(x), factor * np.cos(x), 2.0**-52)
        estimate = measure(line, np.random.default_rng(0).uniform(0.7, 1.4))
        bar = float(f"{estimate.error:.3g}") if isfinite(estimate.error) else None
        curve = [[float(f"{h:.4g}"), float(f"{abs(gap):.3g}")] for h, gap in estimate.curve]
        curves[name] = {"bar": bar, "kind": estimate.kind, "curve": curve}
    return curves


STYLE = """
svg { font: 12px sans-serif; background: #fff; color: #222 }
text { fill: #222 } .tick { font-size: 11px; fill: #555 }
.frame { fill: none; stroke: #999 } .grid { stroke: #e6e6e6 } .limit { stroke: #222; stroke-dasharray: 5 4 }
.k0 { stroke: #0072b2 } .k1 { stroke: #d55e00 } .k2 { stroke: #009e73 } .k3 { stroke: #cc79a7 }
.k4 { stroke: #56b4e9 } .k5 { stroke: #7a6a00 } .k6 { stroke: #555 } .k7 { stroke: #e69f00 }
.curve { fill: none; stroke-width: 1.8 } .dot { fill-opacity: 0; stroke-width: 1.1; stroke-opacity: .75 }
"""  # colours of Okabe and Ito, told apart by readers who do not see all hues


class Axes:
    """A frame with decades on both axes, or a share from 0 to 1 upwards."""

    def __init__(self, x, y, across, up, *, share=False, width=340, left=64, height=300):
        self.x, self.y, self.share, self.left, self.width, self.height = x, y, share, left, width, height
        self.top, self.bottom = 30, 44
        wide, high = width, height - self.top - self.bottom
        self.parts = [rect(left, self.top, wide, high, "frame")]
        for k in range(x[0], x[1] + 1, max(1, ceil((x[1] - x[0]) / 7))):
            at = self.across(10.0**k)
            self.parts += [line(at, self.top, at, self.top + high, "grid")]
            self.parts += [text(at, height - 28, f"1e{k}", "tick", anchor="middle")]
        ticks = [i / 4 for i in range(5)] if share else range(y[0], y[1] + 1, max(1, ceil((y[1] - y[0]) / 7)))
        for k in ticks:
            at = self.up(k if share else 10.0**k)
            name = f"{k:g}" if share else f"1e{k}"
            self.parts += [line(left, at, left + wide, at, "grid"), text(left - 6, at + 4, name, "tick", anchor="end")]
        self.parts.append(text(left + wide / 2, height - 8, across, anchor="middle"))
        turned = f"rotate(-90 {left - 50:g} {self.top + high / 2:g})"
        told = {"text_anchor": "middle", "transform": turned}
        self.parts.append(el("text", up, x=left - 50, y=self.top + high / 2, **told))

    def across(self, value):
        """Return the place of a value from the left."""
        place = min(max(log10(value), self.x[0]), self.x[1])
        return self.left + (place - self.x[0]) / (self.x[1] - self.x[0]) * self.width

    def up(self, value):
        """Return the place of a value from the top."""
        high = self.height - self.top - self.bottom
        place = value if self.share else min(max(log10(value), self.y[0]), self.y[1])
        low, top = (0, 1) if self.share else self.y
        return self.top + high - (place - low) / (top - low) * high

    def curve(self, points, class_):
        """Draw a line through points."""
        told = " ".join(f"{self.across(x):.1f},{self.up(y):.1f}" for x, y in points)
        self.parts.append(el("polyline", points=told, class_=f"curve {class_}"))

    def title(self, words):
        """Write above the frame."""
        self.parts.append(text(self.left + self.width / 2, 18, words, anchor="middle"))


def legend(names, x, y):
    """Return coloured marks with names, one below the other."""
    parts = []
    for i, name in enumerate(names):
        parts.append(line(x, y + 18 * i, x + 18, y + 18 * i, f"curve k{i}"))
        parts.append(text(x + 24, y + 18 * i + 4, name))
    return parts


def saved(name, label, width, height, *parts):
    """Write one picture."""
    drawing = picture(label, width, height, el("style", Markup(STYLE)), *parts)
    (HERE / f"{name}.svg").write_text(f"{drawing}\n", "utf-8")


def coverage(data):
    """Draw the share of measurements whose true error is below a multiple of its bar, by group."""
    parts, names = [], list(data["float64"]["groups"])
    for i, dtype in enumerate(("float64", "float32")):
        axes = Axes((-6, 1), None, "true error / bar", "share below", share=True, left=64 + 420 * i)
        for k, group in enumerate(data[dtype]["groups"].values()):
            total = np.cumsum(group["counts"]) / max(group["answered"], 1)
            axes.curve([(10.0**b, share) for b, share in zip(BINS, total, strict=False)], f"k{k}")
        axes.parts.append(line(axes.across(1.0), axes.top, axes.across(1.0), axes.height - axes.bottom, "limit"))
        answered = sum(group["answered"] for group in data[dtype]["groups"].values())
        axes.title(f"{dtype}: {answered} answered of {data[dtype]['draws']}")
        parts += axes.parts
    label = "Share of measurements whose true error is below a multiple of the error bar, by group of functions"
    saved("coverage", label, 1010, 300, *parts, *legend(names, 850, 60))


def scatter(data):
    """Draw true errors against their bars."""
    parts, names = [], list(data["float64"]["groups"])
    for i, (dtype, low) in enumerate((("float64", -18), ("float32", -12))):
        axes = Axes((low, 1), (low, 1), "error bar / derivative", "true error / derivative", left=64 + 420 * i)
        axes.curve([(10.0**low, 10.0**low), (10.0, 10.0)], "limit")
        for group, error, bar in data[dtype]["points"]:
            axes.parts.append(el("circle", cx=axes.across(bar), cy=axes.up(error), r=2.4, class_=f"dot k{group}"))
        axes.title(f"{dtype}: {len(data[dtype]['points'])} measurements")
        parts += axes.parts
    label = "True error against error bar, both relative to the derivative; below the diagonal the bar covers"
    saved("scatter", label, 1010, 300, *parts, *legend(names, 850, 60))


def curves(data):
    """Draw how the gap moves with the step."""
    found = data["steps"]
    gaps = [gap for told in found.values() for _, gap in told["curve"] if gap > 0]
    hs = [h for told in found.values() for h, _ in told["curve"]]
    x, y = ((floor(log10(min(v))), ceil(log10(max(v)))) for v in (hs, gaps))
    axes = Axes(x, y, "step", "|measured − claimed|", width=420)
    for k, told in enumerate(found.values()):
        axes.curve([(h, gap) for h, gap in told["curve"] if gap > 0], f"k{k}")
        for h, gap in told["curve"]:
            if gap > 0:
                axes.parts.append(el("circle", cx=axes.across(h), cy=axes.up(gap), r=2.6, class_=f"dot k{k}"))
    axes.title(f"central differences of sin at {SLOPE}")
    saved("steps", "How the gap moves with the step", 730, 300, *axes.parts, *legend(list(found), 500, 60))


def table(data):
    """Return rows of text: dtype, group, drawn, answered, covered, median and largest true error over bar."""
    rows = []
    for dtype in ("float64", "float32"):
        for name, group in data[dtype]["groups"].items():
            total = np.cumsum(group["counts"])
            covered = total[BINS.index(0.0)]  # a ratio of at most 1
            median = 10 ** BINS[int(np.searchsorted(total, group["answered"] / 2))]
            largest = 10 ** BINS[int(np.flatnonzero(group["counts"])[-1])]
            drawn = group["answered"] + group["open"]
            rows.append(
                [dtype, name, *map(str, (drawn, group["answered"], covered)), f"{median:.1g}", f"{largest:.2g}"]
            )
    return rows


def draw(data):
    """Draw all pictures."""
    coverage(data)
    scatter(data)
    curves(data)


def main():
    """Measure or draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["measure", "draw"])
    parser.add_argument("--draws", type=int, default=25_200, help="for each dtype")
    parser.add_argument("--seed", type=int, default=1)
    told = parser.parse_args()
    if told.what == "measure":
        data = {t.__name__: measured(t, told.draws, told.seed) for t in (np.float64, np.float32)} | {"steps": steps()}
        DATA.write_text(json.dumps(data, separators=(",", ":")).replace('"points"', '\n"points"') + "\n", "utf-8")
    draw(json.loads(DATA.read_text("utf-8")))


if __name__ == "__main__":
    main()
