"""What it costs to find a fault in a network of a million parameters: forward evaluations, and time against a pass.

    PYTHONPATH=. python tests/benchmarks/bench_diagnosis.py

A wide affine layer (1,000 → 1,000, a batch of 4) is right, or wrong in one entry, in ten, in a row, or altogether.
Goals: a right block is screened in 25 forward evaluations, one wrong entry found in 250, ten in 2,000, memory within
three times that of the parameters, and a block that is wrong as a whole is told without visiting its entries.
"""

import time
import tracemalloc

import numpy as np

import gradcheck
import netcore
from gradcheck import adapt

N = 1_000
PLACES = [(k * 97 % N, k * 389 % N) for k in range(1, 11)]


class Counted:
    """A layer that counts its forwards and edits its dW."""

    def __init__(self, edit=lambda g: g):
        self.inner, self.edit, self.calls = netcore.Dense(N, N), edit, 0

    def forward(self, params, x, *, rng=None):
        self.calls += 1
        return self.inner.forward(params, x)

    def backward(self, params, cache, dy):
        dx, grads = self.inner.backward(params, cache, dy)
        return dx, {**grads, "W": self.edit(grads["W"])}


def spoilt(places, factor):
    def edit(g):
        g = g.copy()
        for place in places:
            g[place] *= factor
        return g

    return edit


FAULTS = (
    ("right", lambda g: g, 25 * 3),
    ("one entry × 1.5", spoilt(PLACES[:1], 1.5), 250 + 25 * 2),
    ("one entry × 1.001", spoilt(PLACES[:1], 1.001), 250 + 25 * 2),
    ("ten entries × 1.5", spoilt(PLACES, 1.5), 2_000 + 25 * 2),
    ("a row × 1.5", spoilt([(7,)], 1.5), 2_000 + 25 * 2),
    ("all halved", lambda g: g / 2, 2_000 + 25 * 2),
    ("all of the other sign", lambda g: -g, 2_000 + 25 * 2),
    ("all zero", lambda g: 0 * g, 2_000 + 25 * 2),
)


def main():
    rng = np.random.default_rng(0)
    params = {"W": rng.normal(size=(N, N)) / N**0.5, "b": rng.normal(size=(1, N))}
    x = rng.normal(size=(4, N))
    layer = Counted()
    began = time.perf_counter()
    for _ in range(3):
        y, cache = layer.forward(params, x)
        layer.backward(params, cache, y)
    one = (time.perf_counter() - began) / 3
    print(
        f"forward and backward once: {one * 1e3:.1f} ms; W has {N * N:,} entries, {params['W'].nbytes / 2**20:.1f} MiB"
    )
    print(f"{'fault':24} {'forwards':>8} {'allowed':>8} {'x, W, b':>16} {'passes':>7} {'memory':>7}  found")
    for how, edit, allowed in FAULTS:
        layer = Counted(edit)
        tracemalloc.start()
        began = time.perf_counter()
        report = gradcheck.check(adapt.layer(layer, params, x, name="wide"))
        seconds = time.perf_counter() - began
        peak = tracemalloc.get_traced_memory()[1] / params["W"].nbytes
        tracemalloc.stop()
        spent = "/".join(str(sum(f.evaluations for f in report.findings if f.wrt == n)) for n in ("x", "W", "b"))
        wrong = [f for f in report.failures if f.check == "gradient.entries"]
        found = f"{wrong[0].wrong} of {wrong[0].entries} measured, {wrong[0].pattern}" if wrong else str(report.verdict)
        print(
            f"{how:24} {layer.calls:8} {allowed:8} {spent:>16} {seconds / one:7.0f} {peak:6.1f}×  {found}", flush=True
        )


if __name__ == "__main__":
    main()
