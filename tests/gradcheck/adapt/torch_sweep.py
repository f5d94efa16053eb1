"""The sweep over torch's own functions and modules: right ones are never called wrong.

    python tests/gradcheck/adapt/torch_sweep.py [--seed 1] [--mode eval] [--shipped] [--effort quick] [name part]...

prints one line a case and the counts of verdicts; the exit code is 1 if any DISAGREES, is MALFORMED or RAISED.
"""

from __future__ import annotations

import argparse
import collections
import sys
import time
import zlib

import torch
from torch_cases import Draw, cases

from gradcheck import adapt, check


def targets_of(name, thing, inputs, keywords, *, seed=0, mode=None, shipped=False):
    """Return the targets of a case.

    Args:
        name: of the case.
        thing: function, or what builds a module.
        inputs: Draw -> tensors.
        keywords: of adapt.torch; "build" where thing builds a module.
        seed: of the point and of a module's parameters.
        mode: "training" or "eval" for modules; None leaves them as they are built.
        shipped: in float32, at its own precision.
    """
    keywords = {**keywords, "as_shipped": shipped}
    if keywords.pop("build", False):
        with torch.random.fork_rng():
            torch.manual_seed(zlib.crc32(name.encode()) + seed)
            thing = thing() if shipped else thing().double()
        keywords["training"] = None if mode is None else mode == "training"
    drawn = inputs(Draw(name, seed))
    return adapt.torch(thing, *map(_narrow, drawn) if shipped else drawn, name=name, **keywords)


def _narrow(value):
    if isinstance(value, torch.Tensor) and value.dtype in (torch.float64, torch.complex128):
        return value.to(torch.float32 if value.dtype is torch.float64 else torch.complex64)
    return value


def _options(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mode", choices=["training", "eval"])
    parser.add_argument("--shipped", action="store_true")
    parser.add_argument("--effort", default="standard")
    return parser.parse_args(arguments)


def main(arguments):
    torch.set_num_threads(1)  # small tensors: threads only wait for each other
    options = _options(arguments)
    counts, pairs, wrong = collections.Counter(), 0, 0
    start = time.perf_counter()
    for name, *rest in cases():
        module = rest[-1].get("build", False)
        if (options.parts and not any(part in name for part in options.parts)) or (options.mode and not module):
            continue
        began = time.perf_counter()
        try:
            targets = targets_of(name, *rest, seed=options.seed, mode=options.mode, shipped=options.shipped)
            report = check(targets, effort=options.effort, seed=options.seed)
        except Exception as error:
            print(f"{name:40} NOT MADE   {type(error).__name__}: {str(error)[:150]}")
            counts["NOT MADE"] += 1
            continue
        counts[report.verdict.name] += 1
        pairs += len({(f.target, f.wrt) for f in report.findings if f.wrt})
        wrong += report.verdict.wrong
        print(f"{name:40} {report.verdict.name:13} {time.perf_counter() - began:.2f} s", flush=True)
        for finding in report.findings:
            if finding.verdict.severity >= 2:
                print(f"    {finding.target} {finding.check} {finding.wrt} {finding.verdict}: {finding.message[:220]}")
    print(f"{sum(counts.values())} cases, {pairs} gradients, {dict(counts)}, {time.perf_counter() - start:.0f} s")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
