"""How well planted faults are located and named: networks with one, two and three, wirings, and hand-written twins.

    PYTHONPATH=. python tests/benchmarks/bench_planted.py
    PYTHONPATH=. python tests/benchmarks/bench_planted.py --only twins

A culprit counts as exact if the set that is blamed is the set that was planted; a name as wrong if it is another
mistake's, or if anything but a place is said of a fault that is in no catalogue.
"""

import argparse
import time
from collections import Counter

import gradcheck
from gradcheck import adapt
from tests.planted.branches import BRANCHES
from tests.planted.branches import RIGHT as JOINED
from tests.planted.functions import MISTAKES
from tests.planted.judging import blamed, names
from tests.planted.models import networks, plants
from tests.planted.twins import STALE, TWINS
from tests.planted.wirings import SOUND, WIRINGS, X, Y


def right():
    bad = [n.name for n in networks() if blamed(n.targets())[0]]
    sound = SOUND + JOINED
    bad += [name for name, make in sound if blamed(adapt.model(make(), X, Y))[0]]
    return f"{len(list(networks())) + len(sound)} right networks, culprits in {len(bad)}", bad


def faults(count, wanted):
    exact, made, judged, bad = 0, 0, Counter(), []
    for plant in plants(count, wanted):
        found, report = blamed(plant.targets())
        made += 1
        exact += found == plant.culprits
        for culprit, judgement, slug in names(plant, report):
            judged[judgement] += 1
            if judgement in ("misnamed", "said", "unnamed"):
                bad.append(f"{plant}: {culprit} {judgement} {slug}")
        if found != plant.culprits:
            bad.append(f"{plant}: {found}")
    return f"{made} networks of {count}: exact in {exact}; {dict(judged)}", bad


def wirings():
    every = WIRINGS + BRANCHES
    bad = [name for name, make, who in every if blamed(adapt.model(make(), X, Y))[0] != set(who)]
    return f"{len(every)} wirings: exact in {len(every) - len(bad)}", bad


def twins():
    judged, bad = Counter(), []
    for twin in TWINS:
        report = gradcheck.check(twin.target())
        said = {f.wrt: f.pattern for f in report.findings if f.verdict.wrong and f.pattern}
        for quantity in twin.quantities:
            slug = said.get(quantity)
            fine = slug in twin.slugs if twin.slugs else slug in (None, "part")
            word = "unnamed" if fine is False and slug is None else "misnamed" if not fine else "right"
            judged[word] += 1
            if not fine:
                bad.append(f"{twin}: {quantity} {slug}")
    stale = sum("stale_cache" in {f.pattern for f in gradcheck.check(t.target()).findings} for t in STALE)
    return f"{len(TWINS)} twins, gradients: {dict(judged)}; stale caches told {stale} of {len(STALE)}", bad


def functions():
    judged, bad = Counter(), []
    for function, mistake in MISTAKES:
        report = gradcheck.check(function.target(mistake))
        said = {f.wrt: f.pattern for f in report.findings if f.verdict.wrong and f.pattern}
        for quantity, slugs in function.mistakes[mistake].items():
            slug = said.get(quantity)
            fine = slug in slugs if slugs else slug in (None, "part")
            judged["right" if fine else "unnamed" if slug is None else "misnamed"] += 1
            if not fine:
                bad.append(f"{function.name}: {mistake}: {quantity} {slug}")
    return f"{len(MISTAKES)} functions, gradients: {dict(judged)}", bad


PARTS = {
    "right": right,
    "one": lambda: faults(1, 140),
    "two": lambda: faults(2, 40),
    "three": lambda: faults(3, 30),
    "wirings": wirings,
    "twins": twins,
    "functions": functions,
}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", choices=PARTS)
    only = parser.parse_args().only
    for name in [only] if only else PARTS:
        began = time.perf_counter()
        told, bad = PARTS[name]()
        print(f"{told}  ({time.perf_counter() - began:.0f} s)", *bad, sep="\n    ", flush=True)


if __name__ == "__main__":
    main()
