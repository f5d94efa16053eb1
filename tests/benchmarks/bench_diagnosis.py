"""What it costs to find a fault in a network of a million parameters: forward evaluations, memory, and time.

    PYTHONPATH=. python tests/benchmarks/bench_diagnosis.py [--quick]

A wide affine layer (1,000 → 1,000, a batch of 32, float64) is right, or wrong in one entry, in ten, in a row, or
altogether. Goals: a right block is screened in 25 forward evaluations, one wrong entry found in 250, ten in 2,000,
memory within three times that of the parameters, and a block that is wrong as a whole is told without visiting its
entries. Evaluations are those that the findings of a block tell; `forwards` are all calls of the layer, those of the
checks without a step and of what may explain a gap included. Memory is the peak above the start, in multiples of W,
which the caller holds already.
"""

import sys
import time
import tracemalloc
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

import gradcheck
import netcore
from gradcheck import adapt
from gradcheck.checks import checks_for
from gradcheck.checks.trial import Trial
from gradcheck.settings import Settings

N, BATCH = 1_000, 32
PLACES = [(k * 97 % N, k * 389 % N) for k in range(1, 11)]
MIXED = dict(zip(PLACES, (1.5, -1.0, 0.0, 1.1, 2.0, 1.01, 0.5, 1.2, 3.0, 0.9), strict=True))


@dataclass
class Counted:
    """A layer that counts its forwards and edits its dW in place."""

    edit: Callable = lambda g: None
    inner: netcore.Dense = field(default_factory=lambda: netcore.Dense(N, N))
    calls: int = 0

    def forward(self, params, x, *, rng=None):
        self.calls += 1
        return self.inner.forward(params, x)

    def backward(self, params, cache, dy):
        dx, grads = self.inner.backward(params, cache, dy)
        self.edit(grads["W"])
        return dx, grads


def times(factors):
    """Edit single places, or whole rows."""

    def edit(g):
        for place, factor in factors.items():
            g[place] *= factor

    return edit


def everywhere(factor):
    def edit(g):
        g *= factor

    return edit


FAULTS = (
    ("right", times({}), 25),
    ("one entry × 1.5", times({PLACES[0]: 1.5}), 250),
    ("one entry × 1.001", times({PLACES[0]: 1.001}), 250),
    ("ten entries × 1.5", times(dict.fromkeys(PLACES, 1.5)), 2_000),
    ("ten entries, each its own", times(MIXED), 2_000),
    ("a row × 1.5", times({7: 1.5}), 2_000),
    ("all halved", everywhere(0.5), 2_000),
    ("all of the other sign", everywhere(-1.0), 2_000),
    ("all zero", everywhere(0.0), 2_000),
)
FACTORS = (1.5, 1.1, 1.01, 1.001, 1.0001, 1.00001)


def drawn(seed):
    rng = np.random.default_rng(seed)
    params = {"W": rng.normal(size=(N, N)) / N**0.5, "b": rng.normal(size=(1, N))}
    return params, rng.normal(size=(BATCH, N))


def told(report):
    """Evaluations by block, and the places that were found wrong."""
    spent = {n: sum(f.evaluations for f in report.findings if f.wrt == n) for n in ("x", "W", "b")}
    tables = [f.table for f in report.failures if f.check == "gradient.entries" and f.table is not None]
    rows = [row for t in tables for row in zip(t.index, t.claimed, t.measured, t.allowed, strict=True)]
    return spent, {index for index, claimed, measured, bar in rows if abs(claimed - measured) > bar}


def faults(one):
    params, x = drawn(0)
    head = f"{'fault':26} {'forwards':>8} {'x, W, b':>14} {'goal':>6} {'passes':>7} {'memory':>7}  found"
    print(head)
    for how, edit, goal in FAULTS:
        layer = Counted(edit)
        tracemalloc.start()
        began = time.perf_counter()
        report = gradcheck.check(adapt.layer(layer, params, x, name="wide"))
        seconds = time.perf_counter() - began
        peak = tracemalloc.get_traced_memory()[1] / params["W"].nbytes
        tracemalloc.stop()
        spent, _ = told(report)
        wrong = [f for f in report.failures if f.check == "gradient.entries"]
        found = f"{wrong[0].wrong} of {wrong[0].entries} measured, {wrong[0].pattern}" if wrong else str(report.verdict)
        blocks = "/".join(map(str, spent.values()))
        print(f"{how:26} {layer.calls:8} {blocks:>14} {goal:6} {seconds / one:7.0f} {peak:6.1f}×  {found}", flush=True)


def memory():
    """By check, the peak of a right layer and of one with a wrong entry."""
    print(f"\n{'check':24} {'right':>7} {'forwards':>8} {'one entry':>10} {'forwards':>8}")
    rows: dict[str, list[tuple[float, int]]] = {}
    for _, edit, _ in FAULTS[:2]:
        params, x = drawn(0)
        layer = Counted(edit)
        target = adapt.layer(layer, params, x, name="wide")
        tracemalloc.start()
        start = tracemalloc.get_traced_memory()[0]
        trial = Trial(target, Settings())
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for check in checks_for(target):
                tracemalloc.reset_peak()
                before = layer.calls
                list(check.run(trial))
                peak = (tracemalloc.get_traced_memory()[1] - start) / params["W"].nbytes
                rows.setdefault(check.id, []).append((peak, layer.calls - before))
        tracemalloc.stop()
    for check, ((right, calls), (wrong, others)) in rows.items():
        print(f"{check:24} {right:6.2f}× {calls:8} {wrong:9.2f}× {others:8}", flush=True)


def factors():
    """Evaluations of W by the size of a fault in one entry, at other points and places."""
    print(f"\n{'one entry':>10} {'evaluations of W, three draws':>32}  all found")
    for factor in FACTORS:
        spent, found = [], True
        for seed in range(3):
            params, x = drawn(seed)
            place = tuple(int(i) for i in np.random.default_rng(50 + seed).integers(N, size=2))
            layer = Counted(times({place: factor}))
            costs, places = told(gradcheck.check(adapt.layer(layer, params, x, name="wide"), seed=seed))
            spent.append(costs["W"])
            found = found and places == {place}
        print(f"{f'× {factor:g}':>10} {', '.join(map(str, spent)):>32}  {found}", flush=True)


def main():
    params, x = drawn(0)
    layer = Counted()
    began = time.perf_counter()
    for _ in range(3):
        y, cache = layer.forward(params, x)
        layer.backward(params, cache, y)
    one = (time.perf_counter() - began) / 3
    size = params["W"].nbytes
    print(f"forward and backward once: {one * 1e3:.1f} ms; W has {N * N:,} entries, {size / 2**20:.1f} MiB;")
    print(f"activations x and y together are {(x.nbytes + y.nbytes) / size:.2f} of it\n")
    faults(one)
    memory()
    if "--quick" not in sys.argv:
        factors()


if __name__ == "__main__":
    main()
