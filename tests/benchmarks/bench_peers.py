"""gradcheck beside the gradient checkers that people use, on the same functions at the same points in one run.

    python tests/benchmarks/bench_peers.py [--rules 250] [--repeats 5] [--out peers.json]

Every function is a right rule of the population, written in numpy; each tool gets it in its own form (an
autograd.Function, a custom_vjp, a primitive), with its default tolerances, and is asked about the first
floating-point input. Peers that are not installed are left out. scipy's check_grad has no verdict: more than 1e-5 of
max(1, ‖g‖) counts as one. Columns: the smallest relative error that is caught, and is caught at every larger size up
to 1, of a whole block and of one typical entry, as median and worst over functions ("-" where an error of 1 passes);
false alarms on right rules; hard cases, each a mistake that should be caught (or a right rule that should pass);
the median time, and the median over functions of the time that each takes beside gradcheck. Times are taken function
by function, of one tool after the other, so that a machine whose speed drifts is as fast for all: that last column
hardly depends on it, where the medians of two tools may be of functions that were timed a minute apart.
"""

import argparse
import contextlib
import io
import json
import os
import sys
import time
import warnings
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy is loaded
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.benchmarks.peers import Function, contestants  # found by the path above
from tests.population import RIGHT

SIZES = [10.0**-k for k in range(14)]


def from_rule(rule, seed):
    """One input of a rule as a function of one array, or None where peers cannot take it."""
    inputs = rule.draw(np.random.default_rng([seed, 3]))
    place = next((i for i, x in enumerate(inputs) if x.dtype == np.float64), None)
    if place is None or inputs[place].size > 200 or inputs[place].size < 2:
        return None

    def put(x):
        return (*inputs[:place], x, *inputs[place + 1 :])

    def f(x):
        return rule.forward(*put(np.asarray(x)))

    y = f(inputs[place])
    if isinstance(y, tuple) or np.asarray(y).dtype != np.float64 or np.size(y) > 200:
        return None

    def vjp(x, u):
        return np.asarray(rule.vjp(put(np.asarray(x)), np.asarray(u) if np.ndim(y) else np.float64(u))[place])

    return Function(rule.name, f, vjp, inputs[place])


def asked(question, function):
    """Ask quietly; what a tool raises counts as an alarm."""
    with warnings.catch_warnings(), np.errstate(all="ignore"), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        try:
            return question(function)
        except Exception:  # a peer may refuse a function in its own ways
            return None


def smallest(says_wrong, function, how):
    """The smallest size that is caught, as are all larger ones; None if an error of 1 passes."""
    found = None
    for size in SIZES:
        if asked(says_wrong, function.spoiled(how, size)) is False:
            break
        found = size
    return found


def hard_cases():
    """(what, function, whether it is right): weaknesses that were measured in one tool or another."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=(3, 5))
    big = rng.normal(size=1000)
    signs = (-1.0) ** np.arange(1000)

    def one_of(g):
        g = np.array(g)
        g[417] *= 10
        return g

    def cubic(x, u):
        return u**3 * np.cos(x)

    def sin(x):
        return np.sin(x)

    def down(x, u):
        return u * np.cos(x)

    ties = np.array([[1.0, 3.0, 3.0], [-0.5, 0.25, -2.0]])

    def largest(x, u):
        tied = x == x.max(axis=1, keepdims=True)
        return u[:, None] * tied / tied.sum(axis=1, keepdims=True)

    return [
        ("all zeros for a gradient of 1e-6", Function("", lambda x: 1e-6 * np.sin(x), lambda x, u: 0 * x, x), False),
        ("one entry of 1,000 ten times too large", Function("", sin, lambda x, u: one_of(down(x, u)), big), False),
        ("1,000 entries off by ± 30 %", Function("", sin, lambda x, u: down(x, u) * (1 + 0.3 * signs), big), False),
        ("cubic in the cotangent", Function("", sin, cubic, x), False),
        ("right: identity at 1e11", Function("", lambda x: 1.0 * x, lambda x, u: 1.0 * u, 1e11 * (1 + x**2)), True),
        (
            "right: relu at ± 3e-7",
            Function("", lambda x: np.maximum(x, 0), lambda x, u: u * (x > 0), 3e-7 * np.sign(x)),
            True,
        ),
        ("right: max with a tie, shared", Function("", lambda x: x.max(axis=1), largest, ties), True),
        ("right: reciprocal at 1e-6", Function("", lambda x: 1 / x, lambda x, u: -u / x**2, 1e-6 * (1 + x**2)), True),
    ]


def functions(count, seed):
    """Right rules that every tool can take, evenly spread over the population."""
    candidates = [r for r in RIGHT if not r.note.startswith("border:") and r.family not in ("kinks", "large")]
    made = []
    for rule in candidates[:: max(1, len(candidates) // (2 * count))]:
        function = from_rule(rule, seed)
        if function is not None and np.any(function.vjp(function.x, np.ones_like(np.asarray(function.f(function.x))))):
            made.append(function)
    return made[:count]


def timed(question, function, repeats):
    best = []
    for _ in range(repeats):
        start = time.perf_counter()
        asked(question, function)
        best.append(time.perf_counter() - start)
    return 1e3 * min(best)


def in_turn(questions, chosen, repeats):
    """Milliseconds by tool, one a function."""
    for function in chosen:  # what is made once, and caches, belong to no one's time
        for question in questions.values():
            asked(question, function)
    taken = {name: [] for name in questions}
    for function in chosen:
        for name, question in questions.items():
            taken[name].append(timed(question, function, repeats))
    return taken


def spread(values):
    numbers = sorted(1e9 if v is None else v for v in values)
    told = ["-" if v > 1 else f"{v:.0e}" for v in (numbers[len(numbers) // 2], numbers[-1])]
    return " … ".join(told)


def main():
    """Print the table; write the numbers where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rules", type=int, default=250, help="right rules in all")
    parser.add_argument("--spoiled", type=int, default=10, help="of them, those that are spoiled at each size")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    told = parser.parse_args()
    chosen = functions(told.rules, told.seed)
    record = {"functions": [f.name for f in chosen], "tools": {}}
    print(f"{len(chosen)} right rules, {min(told.spoiled, len(chosen))} of them spoiled; median … worst over functions")
    print(f"{'':16} {'factor caught':>17} {'one entry':>17} {'false alarms':>13} {'ms':>8} {'of ours':>7}")
    tools = contestants()
    taken = in_turn({name: passes for name, (passes, _) in tools.items()}, chosen, told.repeats)
    for name, (passes, says_wrong) in tools.items():
        # of those it passes: what is caught at every size because everything is would count for nothing
        answers = [asked(passes, function) for function in chosen]
        alarms = [f.name for f, ok in zip(chosen, answers, strict=True) if not ok]
        subset = chosen[:: max(1, len(chosen) // told.spoiled)][: told.spoiled]
        usable = [f for f in subset if f.name not in alarms]
        factor = [smallest(says_wrong, function, "factor") for function in usable]
        entry = [smallest(says_wrong, function, "entry") for function in usable]
        ms = float(np.median(taken[name]))
        beside = float(np.median(np.divide(taken[name], taken["gradcheck"])))
        cases = [(what, _right(asked(says_wrong, f), right)) for what, f, right in hard_cases()]
        record["tools"][name] = {
            "factor": factor,
            "entry": entry,
            "alarms": alarms,
            "ms": ms,
            "beside": beside,
            "hard": cases,
        }
        caught = f"{spread(factor):>17} {spread(entry):>17}"
        print(f"{name:16} {caught} {len(alarms):>6} of {len(chosen):<3} {ms:8.1f} {beside:7.2f}", flush=True)
    print()
    for i, (what, _, _) in enumerate(hard_cases()):
        marks = "  ".join(f"{name} {record['tools'][name]['hard'][i][1]}" for name in tools)
        print(f"{what:40} {marks}")
    if told.out:
        told.out.write_text(json.dumps(record, indent=1, ensure_ascii=False))


def _right(says_wrong, right):
    """ok: caught, or passed where right."""
    return "ok" if (says_wrong is False) == right else "FAILS"


if __name__ == "__main__":
    main()
