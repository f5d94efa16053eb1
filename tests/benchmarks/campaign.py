"""Many random checks of right rules: false verdicts, what stays open, and how true errors compare with claimed bars.

    python tests/benchmarks/campaign.py --checks 100000 --seed 1 --out campaign.json
    python tests/benchmarks/campaign.py --source population --dtype float64 --checks 20000
    python tests/benchmarks/campaign.py --wrong 1e-6 --checks 5000       # faults of that size: the share caught
    python tests/benchmarks/campaign.py calibration --checks 50000       # error bars against forty digits

A check is one measured quantity: a finding of gradient.direction, gradient.entries or gradient.points; `derivatives`
counts what those judged, an entry, a point or the directions of a block each for one. Every false verdict is
printed with its seed and number; `--only NUMBER` draws that target again and prints its report. With --wrong each
target gets one fault, drawn with it: a factor on a block, one entry, alternating signs, one row; of at least 1e-3
where a function has float32 in it. A fault counts as caught if the report says that something is wrong, as silent if it
says verified, and as kink if what it changes is still a subgradient there, by what the report says: then it is none.

A right rule's claim is the truth up to its own rounding, so that |gap| over the allowed error is the ratio of true
error and claimed bar; above 1 the bar does not cover. `calibration` takes the truth from mpmath instead.
"""

import argparse
import json
import os
import sys
import time
from collections import Counter
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")  # many small matrices; the processes take the cores

import numpy as np  # noqa: E402  # reads the number of threads when it is loaded

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "gradcheck" / "calibration"), str(Path(__file__).parent)]

import gradcheck  # noqa: E402  # found by the path above, installed or not
from tests.benchmarks.draws import draw  # noqa: E402

MEASURED = ("gradient.direction", "gradient.entries", "gradient.points")
EDGES = (0.0, 0.01, 0.03, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 3.0, np.inf)
FAULTS = ("factor", "one entry", "alternating", "one row")


def spoiled(target, kind, size, rng):
    """Return the target with one block's gradient off by a relative size."""
    blocks = list(target.point.blocks if target.wrt is None else target.wrt)
    block = blocks[rng.integers(len(blocks))]
    pick = float(rng.random())
    place = []  # where one entry is wrong, the same for every cotangent and point

    def change(g):
        g = np.array(g)
        if kind == "factor":
            return (g * (1 + size)).astype(g.dtype)
        if kind == "alternating":
            signs = (-1.0) ** np.arange(g.size).reshape(g.shape)
            return (g * (1 + size * signs)).astype(g.dtype)
        sizes = np.abs(g).ravel()
        if kind == "one entry" or g.ndim == 0:
            candidates = np.flatnonzero(sizes >= np.median(sizes))
            place[:] = place or [candidates[int(pick * len(candidates))]]
            g.flat[place[0]] *= 1 + size
        else:
            g[int(pick * len(g))] *= 1 + size
        return g

    def linearize(*inputs):
        y, pullback = target.linearize(*inputs)

        def pull(u):
            found = dict(pullback(u))
            if found.get(block) is not None:
                found[block] = change(found[block])
            return found

        return y, pull

    return replace(target, linearize=linearize)


def void(target, wrong):
    """Whether a fault changes no number: a zero gradient times anything, a size below the spacing."""
    u = None
    found = []
    for each in (target, wrong):
        y, pullback = each.linearize(*each.point.copies())
        u = np.ones_like(np.asarray(y)) if u is None and not isinstance(y, (tuple, dict, list)) else u
        if u is None:
            return False
        found.append(pullback(u[()] if np.ndim(y) == 0 else u))
    return all(np.array_equal(np.asarray(found[0][n]), np.asarray(found[1][n])) for n in found[0])


def examined(job):
    """Check one target; return plain numbers for the sum."""
    source, seed, number, dtype, effort, size = job
    target, note = draw(source, seed, number, dtype)
    result = {"number": number, "name": target.name, "note": note, "kind": ""}
    if size is not None:
        rng = np.random.default_rng([seed, number, 7])
        result["kind"] = FAULTS[rng.integers(len(FAULTS))]
        wrong = spoiled(target, result["kind"], _seen(target, note, size), rng)
        if void(target, wrong):
            return {**result, "void": True}
        target = wrong
    report = gradcheck.check(target, seed=seed, effort=effort)
    result["verdict"] = report.verdict.name
    result["findings"] = [
        (f.check, f.verdict.name, _ratio(f), f.entries or 1, f.evaluations)
        for f in report.findings
        if f.check in MEASURED
    ]
    result["messages"] = [f"{f.id}: {f.verdict} {f.message}" for f in report.findings if f.verdict.severity >= 2]
    return result


def _seen(target, note, size):
    """The size of a fault, at least a thousandth where rounding of float32 is somewhere in the function."""
    point = target.point
    narrow = any(point[name].dtype not in (np.float64, np.complex128) for name in point.blocks)
    return max(size, 1e-3) if narrow or note.startswith("border") else size


def _ratio(finding):
    """What a right claim is off by over what it is allowed; the latter is the bar and the claim's own rounding."""
    if finding.gap is None or finding.allowed is None or finding.verdict not in ("AGREES", "DISAGREES"):
        return None
    return abs(finding.gap) / finding.allowed if finding.allowed and np.isfinite(finding.allowed) else None


def calibrated(job):
    """Measure one scalar function whose derivative is known to forty digits."""
    from families import drawn, families

    _, seed, number, dtype, _, _ = job
    rng = np.random.default_rng([seed, number])
    known = families(np.dtype(dtype).type)
    found = drawn(known[number % len(known)], np.dtype(dtype).type, rng, claim=number % 3 > 0)
    ratio = float(found.ratio) if found.answered else None
    verdict = "INCONCLUSIVE" if ratio is None else "AGREES" if ratio <= 1 else "DISAGREES"
    row = ("calibration", verdict, ratio, 1, found.estimate.evaluations)
    told = [f"{found.family} {found.estimate.kind} true error / bar {ratio}"] if verdict == "DISAGREES" else []
    return {
        "number": number,
        "name": str(found.family),
        "note": "",
        "kind": "",
        "verdict": verdict,
        "findings": [row],
        "messages": told,
    }


class Sum:
    """What a campaign has seen so far."""

    def __init__(self):
        self.targets = self.checks = self.derivatives = self.evaluations = self.void = 0
        self.verdicts, self.blocks, self.caught = Counter(), Counter(), Counter()
        self.ratios, self.false, self.open = [], [], Counter()
        self.outside, self.undecided = [], []

    def add(self, result, wrong):
        if result.get("void"):
            self.void += 1
            return None
        self.targets += 1
        self.verdicts[result["verdict"]] += 1
        self.checks += len(result["findings"])
        for check, verdict, ratio, judged, evaluations in result["findings"]:
            self.blocks[verdict] += 1
            self.derivatives += judged
            self.evaluations += evaluations
            if ratio is not None and not wrong and check != "gradient.points":
                self.ratios.append(ratio)
                if ratio > 1 and verdict != "DISAGREES":  # forgiven: the claim's own rounding, an inexact forward
                    self.outside.append([ratio, result["number"], result["name"], check])
        bad = result["verdict"] in ("DISAGREES", "MALFORMED", "RAISED")
        silent = result["verdict"] == "AGREES"
        if result["verdict"] == "INCONCLUSIVE":
            self.open[result["name"]] += 1
            self.undecided.append([result["number"], result["name"], result["kind"]])
        if wrong:
            kink = result["verdict"] == "KINK"
            self.caught[result["kind"], "caught" if bad else "silent" if silent else "kink" if kink else "open"] += 1
        if (silent or result["verdict"] == "KINK" if wrong else bad) or (bad and result["verdict"] == "RAISED"):
            self.false.append({k: result[k] for k in ("number", "name", "note", "kind", "verdict", "messages")})
            return self.false[-1]
        return None

    def record(self):
        """What is written as JSON."""
        ratios = np.array(self.ratios)
        counts = np.histogram(ratios, bins=EDGES)[0] if len(ratios) else []
        covered = float(np.mean(ratios <= 1)) if len(ratios) else None
        return {
            "targets": self.targets,
            "void": self.void,
            "checks": self.checks,
            "derivatives": self.derivatives,
            "evaluations": self.evaluations,
            "verdicts": dict(self.verdicts),
            "blocks": dict(self.blocks),
            "coverage": covered,
            "largest_ratio": float(ratios.max()) if len(ratios) else None,
            "median_ratio": float(np.median(ratios)) if len(ratios) else None,
            "histogram": [[float(a), float(b), int(n)] for a, b, n in zip(EDGES, EDGES[1:], counts, strict=False)],
            "caught": {f"{kind}: {what}": n for (kind, what), n in sorted(self.caught.items())},
            "open": self.open.most_common(30),
            "undecided": self.undecided[:100],
            "outside": sorted(self.outside, reverse=True)[:30],
            "false": self.false,
        }

    def text(self, wrong):
        """What is printed."""
        told = self.record()
        each = self.evaluations / max(self.checks, 1)
        lines = [
            f"{self.checks} checks ({self.derivatives} derivatives) of {self.targets} targets, "
            f"{each:.1f} evaluations a check"
        ]
        lines.append("targets  " + "  ".join(f"{k} {n}" for k, n in self.verdicts.most_common()))
        lines.append("checks   " + "  ".join(f"{k} {n}" for k, n in self.blocks.most_common()))
        if wrong:
            for kind in FAULTS:
                counts = {what: self.caught[kind, what] for what in ("caught", "open", "kink", "silent")}
                total = sum(counts.values()) - counts["kink"] or 1
                lines.append(f"  {kind:12}  caught {counts['caught'] / total:.4f} of {total}  {counts}")
            lines.append(f"  void: {self.void}")
            return "\n".join(lines)
        if told["coverage"] is not None:
            lines.append(
                f"true error / bar: covered {told['coverage']:.6f}, median {told['median_ratio']:.3g}, "
                f"largest {told['largest_ratio']:.3g}"
            )
            lines += [f"  {a:5g} … {b:<5g} {n:8d}" for a, b, n in told["histogram"]]
        share = self.blocks["INCONCLUSIVE"] / max(self.checks, 1)
        lines.append(f"inconclusive {share:.4%} of checks; most often: {self.open.most_common(5)}")
        bad = len(self.false)
        limit = 3.0 if bad == 0 else bad + 2 * bad**0.5 + 2  # upper 95 % limit of a Poisson mean
        lines.append(f"false verdicts: {bad} (upper 95 % limit {limit / max(self.checks, 1):.1e} a check)")
        return "\n".join(lines)


def parsed():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", nargs="?", choices=["rules", "calibration"], default="rules")
    parser.add_argument("--source", choices=["core", "population", "all"], default="core")
    parser.add_argument("--checks", type=int, default=10_000)
    parser.add_argument("--dtype", choices=["float64", "float32"], default="float64")
    parser.add_argument("--effort", choices=["quick", "standard", "thorough"], default="standard")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--wrong", type=float, metavar="SIZE", help="plant faults of this relative size")
    parser.add_argument("--only", type=int, metavar="NUMBER", help="check this target alone and print its report")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the numbers as JSON")
    return parser.parse_args()


def main():
    """Run a campaign; exit code 1 if a right rule was called wrong."""
    told = parsed()
    job = (told.source, told.seed, told.only, told.dtype, told.effort, told.wrong)
    if told.only is not None:
        for message in (calibrated if told.what == "calibration" else examined)(job)["messages"]:
            print(message)
        return 0
    jobs = ((told.source, told.seed, n, told.dtype, told.effort, told.wrong) for n in range(10**9))
    total, start, last = Sum(), time.perf_counter(), time.perf_counter()
    with get_context("spawn").Pool(told.jobs, maxtasksperchild=2000) as pool:
        work = calibrated if told.what == "calibration" else examined
        for result in pool.imap_unordered(work, jobs_until(jobs, total, told.checks), chunksize=8):
            false = total.add(result, told.wrong is not None)
            if false is not None:
                print(f"seed {told.seed} {json.dumps(false, ensure_ascii=False)}", flush=True)
            if time.perf_counter() - last > 60:
                last = time.perf_counter()
                print(f"  … {total.checks} checks, {len(total.false)} false, {last - start:.0f} s", flush=True)
                if told.out:
                    told.out.write_text(json.dumps(total.record(), ensure_ascii=False, indent=1))
            if total.checks >= told.checks:
                pool.terminate()
                break
    print(total.text(told.wrong is not None))
    print(f"{time.perf_counter() - start:.0f} s with {told.jobs} processes")
    if told.out:
        told.out.write_text(json.dumps(total.record(), ensure_ascii=False, indent=1))
    return 1 if total.false and told.wrong is None else 0


def jobs_until(jobs, total, checks):
    """Hand jobs out as long as checks are wanted, and not many more than are done."""
    for given, job in enumerate(jobs):
        while given - total.targets - total.void > 256:  # imap would take a billion at once
            time.sleep(0.01)
        if total.checks >= checks:
            return
        yield job


if __name__ == "__main__":
    sys.exit(main())
