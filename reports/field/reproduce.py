"""Audit other people's hand-written derivatives anew: `python reports/field/reproduce.py`, from the repository's root.

It needs thinc, torch and numpy-ml beside gradcheck (`pip install thinc torch; pip install --no-deps numpy-ml`). Each
subject is checked once; what disagrees is confirmed by a script of its own that does not use gradcheck. The index and
the reports are written from what was found: nothing in this folder but the subjects and scripts is written by hand.
"""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).parent
sys.path.insert(0, str(ROOT / "subjects"))


@dataclass(frozen=True)
class Note:
    """What a person found out about targets that did not agree.

    Args:
        title: of the section.
        targets: names of the targets that it explains.
        where: file and line in the library.
        told: what is wrong, or the question.
        script: in confirm/, without gradcheck.
    """

    title: str
    targets: tuple[str, ...]
    where: str
    told: str
    script: str


SUBJECTS = {
    "thinc": ("thinc_layers.py", "thinc", "numpy operations and layers of thinc, float32 and float64"),
    "numpy-ml": ("numpy_ml_layers.py", "numpy-ml", "activations, losses and layers of numpy-ml"),
    "torch": ("torch_functions.py", "torch", "what the sweep over torch's functions and modules found"),
}
NOTES = (
    Note(
        "thinc: LSTM returns its parameters as part of their gradient, and nothing for the first step",
        ("with_padded LSTM[3,5]",),
        "thinc/backends/numpy_ops.pyx:808 (backprop_lstm), and _lstm_backward_training below it",
        "`all_layer_grads` is made by `_split_weights(params, ...)`, where the pure Python twin in "
        "thinc/backends/ops.py takes `d_params`: gradients are added to copies of the parameters, so that a cotangent "
        "of zeros gives back the parameters themselves. Apart from that, the loop over time ends before the first "
        "step: its gates are never differentiated, and dX there is exactly zero.",
        "thinc_lstm.py",
    ),
    Note(
        "thinc: Dish differentiates its activation at the input instead of at X Wᵀ + b",
        ("Dish[5,5]", "Dish[3,5]"),
        "thinc/layers/dish.py:50 (backprop)",
        "`backprop_dish(dY, X)` is given the layer's input where the pre-activation belongs; `Y_preact` is at hand. "
        "With as many outputs as inputs the numbers are wrong, with another number of them it raises.",
        "thinc_dish.py",
    ),
    Note(
        "thinc: backprop_relu and backprop_mish read a cotangent in Fortran order as if it were in C order",
        ("NumpyOps.mish[f]", "NumpyOps.relu[f]", "NumpyOps.mish[d]", "Mish[3,5]", "Relu[3,5]"),
        "thinc/backends/numpy_ops.pyx:142 (backprop_relu), :236 (backprop_mish)",
        "The copy of dY keeps its memory order, and the kernel walks its memory beside that of Y or X. Equal arrays "
        "give different gradients, and no error is raised, where other operations refuse such arrays out loud. A "
        "transposed or concatenated cotangent is enough. The float64 relu takes another path and is right.",
        "thinc_layout.py",
    ),
    Note(
        "thinc: is Softmax meant to take the gradient of its logits?",
        ("Softmax[3,5]", "Softmax_v2[3,5, temperature 2]"),
        "thinc/layers/softmax.py:78 (backprop)",
        "The backprop passes dY on as if it belonged to the logits: right for thinc's cross-entropy, which answers "
        "Ŷ − Y, and not the derivative of the layer for any other loss, weight or penalty above it. Is that the "
        "convention? `MultiSoftmax` has the same backprop and agrees, for another reason: its forward calls "
        "`ops.softmax(..., inplace=True)`, which ignores inplace, so that it returns logits.",
        "thinc_softmax.py",
    ),
    Note(
        "thinc: should gelu in float64 be the derivative of its own forward?",
        ("NumpyOps.gelu[d]", "NumpyOps.gelu_approx[d]"),
        "thinc/backends/ops.py:1096 (backprop_gelu_approx), :1120 (backprop_gelu)",
        "The forward's erf is a rational approximation, off by up to 1e-7; the backward takes the same approximation "
        "and the exact density, which is not its derivative: a relative gap of 3e-6 at most points. In float32 the "
        "two agree to what float32 shows. In gelu_approx the claimed numbers are float32 ones, whatever the dtype.",
        "thinc_gelu.py",
    ),
    Note(
        "numpy-ml: CrossEntropy.grad is the gradient of the softmax's input",
        ("losses.CrossEntropy",),
        "numpy_ml/neural_nets/losses/losses.py:170 (CrossEntropy.grad)",
        "Its docstring says so: a convention, not a mistake. `grad(y, y_pred)` takes y_pred and answers for z; whoever "
        "puts another activation before it is told nothing.",
        "numpy_ml_cross_entropy.py",
    ),
    Note(
        "torch: the gradient of digamma is trigamma to 5e-10",
        ("torch.digamma",),
        "aten/src/ATen/native/Math.h (trigamma for double), reached through polygamma(1, x)",
        "In float64 the relative error is 2e-10 to 5e-10, a million spacings; scipy's polygamma(1, x) is right to the "
        "last digit. The asymptotic series has three terms after a shift by 6. Is that meant for double precision?",
        "torch_functions.py",
    ),
    Note(
        "torch: the gradient of hardsigmoid is 1/6 in float32, whatever the dtype",
        ("F.hardsigmoid",),
        "aten/src/ATen/native/cpu/Activation.cpp (hardsigmoid_backward_kernel)",
        "The forward's slope is 1/6 in float64, the backward multiplies by the float32 constant: a relative gap of "
        "3e-8.",
        "torch_functions.py",
    ),
    Note(
        "torch: spectral_norm in training treats its singular vectors as constants",
        (
            "spectral_norm[training]/parametrizations.weight.0 _SpectralNorm",
            "spectral_norm[training]/parametrizations.weight ParametrizationList",
            "spectral_norm[training]/end to end",
        ),
        "torch/nn/utils/parametrizations.py (_SpectralNorm.forward)",
        "A training forward takes one step of the power method, which moves with the weight; the gradient leaves that "
        "out. It is exact once the vectors have converged: a deliberate approximation, for which `tolerance=1e-4` is "
        "the way to say so. In eval mode the gradient agrees.",
        "torch_functions.py",
    ),
    Note(
        "torch: special.bessel_j0 leaves the graph without a word",
        ("torch.special.bessel_j0",),
        "tools/autograd/derivatives.yaml (special_bessel_j0)",
        "It is declared non_differentiable there although its output moves with its input: the output requires no "
        "gradient. Operations whose derivative is merely not written raise when backward reaches them; here whoever "
        "differentiates gets a sum that lacks a term. Is that intended?",
        "torch_functions.py",
    ),
)


def audit(file: str):
    """Check a subject; paths of this machine are taken out of what the report tells."""
    from gradcheck.audit import assemble, examine
    from gradcheck.discover import discover
    from gradcheck.settings import Settings

    settings, start = Settings(), time.perf_counter()
    found = discover([str(ROOT / "subjects" / file)])
    findings = [f for item in found.items for f in examine(item.target, settings)]
    plain = [
        replace(f, source=f.source and (_plain(f.source[0]), f.source[1]), message=_plain(f.message)) for f in findings
    ]
    # the libraries' own lines are not copied: their licences differ
    return replace(assemble(plain, settings, seconds=time.perf_counter() - start), sources=())


def _plain(text: str) -> str:
    for place in sorted({*sys.path, str(ROOT.parents[1]), sys.prefix}, key=len, reverse=True):
        if place:
            text = text.replace(f"{place}/", "")
    return text


def pairs(report):
    """Return {(target, quantity): worst verdict} of a report; the quantity "" is the target as a whole."""
    found = {}
    whole = {}
    for f in report.findings:
        key = (f.target, f.wrt)
        store = found if f.wrt else whole
        if key not in store or f.verdict.severity > store[key].severity:
            store[key] = f.verdict
    for (target, _), verdict in whole.items():
        if verdict.wrong and not any(v.wrong for (t, _), v in found.items() if t == target):
            found[target, ""] = verdict
    return found


def confirmed(script: str) -> str:
    """Return what a script prints that confirms a finding without gradcheck."""
    path = os.pathsep.join([str(ROOT / "subjects"), *filter(None, sys.path)])
    command = [sys.executable, "-W", "ignore", str(ROOT / "confirm" / script)]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=True)
    return done.stdout.rstrip()


def index(reports) -> str:
    """Return the index: figures for each subject, then every finding with what confirms it."""
    lines = [
        "# Other people's derivatives",
        "",
        "Made by `python reports/field/reproduce.py`; each target is in `subjects/`, each confirmation in `confirm/`.",
        "A pair is one gradient: a target and the input or parameter that it belongs to. What a convention may explain",
        "is a question.",
        "",
        "| subject | version | targets | pairs | agree | kink | inconclusive | wrong |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, report in reports.items():
        verdicts = [v.name for v in pairs(report).values()]
        wrong = len(verdicts) - sum(verdicts.count(v) for v in ("AGREES", "KINK", "INCONCLUSIVE"))
        counts = " | ".join(str(verdicts.count(v)) for v in ("AGREES", "KINK", "INCONCLUSIVE"))
        version = importlib.metadata.version(SUBJECTS[name][1])
        targets = len({f.target for f in report.findings})
        lines.append(f"| [{name}]({name}/report.md) | {version} | {targets} | {len(verdicts)} | {counts} | {wrong} |")
    lines += ["", "The torch row holds only what the sweep of 300 and more functions and modules found to be off.", ""]
    explained = {target for note in NOTES for target in note.targets}
    for name, report in reports.items():
        for target in dict.fromkeys(f.target for f in report.failures if f.target not in explained):
            lines += [f"- not explained yet: {name}, {target}", ""]
    for note in NOTES:
        worst = [f for r in reports.values() for f in r.failures if f.target in note.targets]
        if not worst:
            lines += [f"## {note.title}", "", "No longer so.", ""]
            continue
        source = (ROOT / "confirm" / note.script).read_text(encoding="utf-8").rstrip()
        lines += [f"## {note.title}", "", f"`{note.where}`", "", note.told, "", "gradcheck:", "", "```text"]
        lines += list(dict.fromkeys(f"{f.verdict.name} [{f.check}] {f.message.splitlines()[0]}" for f in worst))[:6]
        lines += ["```", "", f"`confirm/{note.script}`:", "", "```python", source, "```", "", "```text"]
        lines += [confirmed(note.script), "```", ""]
    return "\n".join(lines).rstrip() + "\n"


def main() -> None:
    """Audit every subject and write the index."""
    from gradcheck.report.write import write

    reports = {}
    for name, (file, _, _) in SUBJECTS.items():
        reports[name] = audit(file)
        folder = ROOT / name
        folder.mkdir(exist_ok=True)
        for kind, path in (("json", "report.json"), ("markdown", "report.md"), ("html", "report.html")):
            write(reports[name], kind, folder / path)
    (ROOT / "README.md").write_text(index(reports), encoding="utf-8")


if __name__ == "__main__":
    main()
