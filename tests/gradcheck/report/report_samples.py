"""Reports made up to show everything that a renderer has to cope with."""

import math
from dataclasses import replace

from gradcheck.compare import Verdict
from gradcheck.report import Counterexample, Finding, Numbers, Report, SourceText, Table

HOSTILE = "<script>alert('x')</script> \"q\" & ]]> \x1b[31m\x00 line\nbreak \u202eright"
ENVIRONMENT = (("gradcheck", "0.1.0"), ("python", "3.11.7"), ("numpy", "2.4.6"), ("platform", "Linux"))
SOURCE = ("my/layers.py", 12)
TEXT = "    def backward(self, params, cache, dy):\n        dW = cache.x.T @ dy / len(dy)\n        return dy, {}"
CURVE = tuple((10.0**-k, 0.4 + 10.0 ** (-2 * k)) for k in range(1, 7))


SMALL = Counterexample(
    code="import numpy as np\nfrom my.layers import Dense\n\nlayer = Dense(n_in=1, n_out=1)\nx = np.zeros((2, 1))\n",
    sizes=(("layer.n_in", 1), ("layer.n_out", 1)),
    inputs=(Numbers("x", "float64", (2, 1), (1.0, 0.0)), Numbers("W", "float64", (1, 1), (0.0,))),
    cotangent=(Numbers("", "float64", (2, 1), (1.0, 0.0)),),
    place=(0, 0),
    claimed=0.25,
    measured=1.0,
    tried=83,
)


def table(shape, wrong, *, every=1):
    """A table whose entries are right except those for which wrong(index) is true, which are four times too small."""
    indices = [()]
    for size in shape:
        indices = [(*index, i) for index in indices for i in range(size)]
    indices = indices[::every]
    measured = tuple(math.sin(1 + sum((k + 2) * i for k, i in enumerate(index))) for index in indices)
    claimed = tuple(m / 4 if wrong(i) else m + 1e-13 for m, i in zip(measured, indices, strict=True))
    return Table(shape, tuple(indices), claimed, measured, (2e-12,) * len(indices))


def wrong(target, layer, wrt, **fields):
    usual = {
        **{"claimed": 0.211129, "measured": 0.844517, "error": 1e-12, "gap": 0.633388, "allowed": 2e-12},
        **{"resolution": 3e-12, "worst": (2, 1), "wrong": 15, "entries": 15, "pattern": "factor"},
        **{"source": SOURCE, "evaluations": 120, "curve": CURVE},
        "reproduce": f"python -m gradcheck check my.layers --only '{target}:{wrt}' --seed 0",
        "message": f"{layer}: gradient of {wrt} disagrees: claimed +0.211129, measured +0.844517 ± 1e-12",
    }
    return Finding(target, layer, "gradient.entries", wrt, Verdict.DISAGREES, **{**usual, **fields})


def right(target, layer, wrt, verdict=Verdict.AGREES, **fields):
    numbers = {"claimed": -1.5, "measured": -1.5, "error": 2e-11, "gap": 3e-13, "allowed": 2.2e-11, "resolution": 4e-12}
    check = fields.pop("check", "gradient.direction")
    return Finding(target, layer, check, wrt, verdict, **{**numbers, "evaluations": 36, "source": SOURCE, **fields})


def contract(target, layer, check="contract.shape"):
    return Finding(target, layer, check, "", Verdict.AGREES, source=SOURCE)


def network():
    """A network of three layers whose second has a wrong weight gradient and passes a wrong gradient down."""
    net = "Net"
    yield contract(f"{net}/0 Dense", "0 Dense")
    yield right(f"{net}/0 Dense", "0 Dense", "x")
    yield right(f"{net}/0 Dense", "0 Dense", "W")
    yield right(f"{net}/0 Dense", "0 Dense", "b", check="gradient.entries", table=table((1, 5), lambda i: False))
    kink = {"check": "gradient.entries", "worst": (1, 2), "gap": 0.5, "claimed": 0.0, "measured": 0.5, "error": 0.5}
    yield right(f"{net}/1 ReLU", "1 ReLU", "x", Verdict.KINK, **kink)
    yield wrong(f"{net}/2 Dense", "2 Dense", "x", table=table((4, 3), lambda i: i[0] > 1), pattern="mask")
    yield wrong(f"{net}/2 Dense", "2 Dense", "W", table=table((3, 5), lambda i: True), counterexample=SMALL)
    yield right(f"{net}/loss", "loss", "y_hat")
    for layer, wrt in (("0 Dense", "W"), ("0 Dense", "b")):
        yield wrong(f"{net}/end to end", layer, wrt, role="end_to_end", pattern=None, worst=None, wrong=None)
    yield wrong(f"{net}/end to end", "2 Dense", "W", role="end_to_end")


def split():
    """Two culprits whose faults are one mistake, which the network's own finding tells of."""
    name = "Pair/end to end"
    told = "a convention is split between 0 Dense and loss: end to end a factor 1 remains: they cancel"
    whole = Finding(name, "split", "model.split", "0 Dense | loss", Verdict.DISAGREES, told, role="end_to_end")
    yield wrong("Pair/0 Dense", "0 Dense", "W", part_of=whole.id)
    yield wrong("Pair/loss", "loss", "y_hat", part_of=whole.id)
    yield right(name, "0 Dense", "W", role="end_to_end")
    yield whole


def everything():
    """All verdicts, hostile names, missing numbers, infinities, large and deep blocks."""
    yield from network()
    yield from split()
    yield wrong("Conv", "Conv", "K", table=table((2, 3, 5, 7), lambda i: i[0] == 1), worst=(1, 2, 3, 4))
    yield wrong(
        "Wide", "Wide", "W", table=table((40, 70), lambda i: i == (33, 61)), worst=(33, 61), wrong=1, entries=2800
    )
    yield wrong("Sampled", "Sampled", "W", table=table((6, 9), lambda i: i[1] == 4, every=4), worst=(0, 4))
    yield wrong("Scalar", "Scalar", "s", table=table((), lambda i: True), worst=(), wrong=1, entries=1)
    yield Finding(
        HOSTILE, HOSTILE, "value.type", "", Verdict.RAISED, f"value.type: ValueError: {HOSTILE}", source=(HOSTILE, 3)
    )
    hostile = replace(SMALL, code=f"```\n# {HOSTILE}\n</pre>", stopped=HOSTILE, claimed=math.nan, measured=-math.inf)
    told = {"reproduce": f"python -m gradcheck check {HOSTILE}", "counterexample": hostile}
    yield wrong(HOSTILE, HOSTILE, "W\n<b>", pattern="<i>", **told)
    yield Finding("Mutates", "Mutates", "contract.mutation", "x", Verdict.MALFORMED, "backward writes into x")
    noise = {"reason": "noise: the forward's own noise hides gaps", "error": math.inf, "allowed": math.inf}
    curve = ((1e-1, 3e-2), (1e-2, 4e-2), (1e-3, math.nan))
    yield right("Noisy", "Noisy", "x", Verdict.INCONCLUSIVE, **noise, resolution=math.inf, curve=curve)
    yield wrong("Accepted", "Accepted", "x", accepted="a deliberate approximation, see the paper")
    yield Finding("NaN", "NaN", "gradient.entries", "x", Verdict.DISAGREES, "nan", math.nan, 1.0, 1e-9, math.nan, 1e-9)
    yield right("Sound", "Sound", "x")


def sample(findings=everything, **fields):
    texts = (SourceText(*SOURCE, TEXT), SourceText(HOSTILE, 3, f"def backward(dy):\n    # {HOSTILE}\n\treturn dy"))
    fields = {"seed": 7, "environment": ENVIRONMENT, "seconds": 1.5, "sources": texts, **fields}
    return Report(tuple(findings()), **fields)
