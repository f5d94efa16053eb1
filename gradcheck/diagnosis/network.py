"""From one network's findings, which are causes: layers, the wiring between them, or a convention that two share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import isclose, prod

from gradcheck.compare import Verdict
from gradcheck.report import Finding

__all__ = ["weigh"]

_CLOSE = 1e-5
_CARRIED = ("x", "y_hat")


def weigh(findings: Iterable[Finding], *, apart: bool = False) -> tuple[Finding, ...]:
    """Return the findings with what follows from a whole network's together.

    A fault of the wiring is told at the first boundary counted from the loss; boundaries beside it are part of it. A
    convention that neighbours share is told once, with the factor that remains end to end. Where only end-to-end
    gradients were to be had, the first that is wrong counted from the loss is taken for the cause.

    Args:
        findings: of any number of networks; those that were weighed before stay as they are.
        apart: whether a network's other targets may be missing, so that nothing follows from their absence.
    """
    told = list(findings)
    networks: dict[str, list[int]] = {}
    for place, finding in enumerate(told):
        head, _, _ = finding.target.rpartition("/")
        if head:
            networks.setdefault(head, []).append(place)
    extra: list[tuple[int, Finding]] = []
    for name, places in networks.items():
        if not any(told[p].role == "end_to_end" for p in places):
            continue
        _mark_wiring(told, places)
        known = any(told[p].check == "model.split" for p in places)
        split = None if known else _split(name, [told[p] for p in places])
        if split is not None:
            extra.append((places[-1], split))
            for p in places:
                if told[p].verdict.wrong and told[p].role == "local":
                    told[p] = replace(told[p], part_of=split.id)
        first = None if apart else _first_wrong(name, [told[p] for p in places])
        if first is not None:
            extra.append((places[-1], first))
    for place, finding in sorted(extra, key=lambda pair: -pair[0]):
        told.insert(place + 1, finding)
    return tuple(told)


def _mark_wiring(told: list[Finding], places: Sequence[int]) -> None:
    """Make wrong boundaries part of the first one, counted from the loss, that stands beside them."""
    order = list(dict.fromkeys(told[p].wrt for p in places if told[p].role == "boundary" and told[p].wrt))
    wrong = [p for p in places if told[p].layer == "wiring" and told[p].verdict.wrong]
    kept: list[Finding] = []
    for wrt in dict.fromkeys(told[p].wrt for p in sorted(wrong, key=lambda p: -order.index(told[p].wrt))):
        mine = [p for p in wrong if told[p].wrt == wrt]
        beside = [k for k in kept if abs(order.index(k.wrt) - order.index(wrt)) <= 1 and "→" in wrt]
        if beside:
            for p in mine:
                told[p] = replace(told[p], part_of=beside[-1].id)
        else:
            kept.append(told[mine[0]])
        for p in mine:
            told[p] = replace(told[p], pattern="wiring", message=_wired(told[p]))


def _wired(finding: Finding) -> str:
    if "→" not in finding.wrt or finding.message.startswith("the model"):
        return finding.message
    head, _, rest = finding.message.partition("\n")
    numbers = head.partition("disagrees")[2]
    message = f"the model does not hand on what it should between {finding.wrt.replace(' → ', ' and ')}{numbers}"
    return f"{message}\n{rest}" if rest else message


def _split(name: str, findings: Sequence[Finding]) -> Finding | None:
    """Return the one finding of a convention that layers share with the loss or with each other."""
    local = _worst_of(f for f in findings if f.role == "local" and f.wrt)
    wrong = {quantity: f for quantity, f in local.items() if f.verdict.wrong}
    wired = any(f.layer == "wiring" and f.verdict.wrong for f in findings)
    malformed = any(f.verdict in (Verdict.MALFORMED, Verdict.RAISED) for f in findings)
    ends = _worst_of(f for f in findings if f.role == "end_to_end" and f.check == "model.end_to_end")
    if len(wrong) < 2 or wired or malformed or not ends:
        return None
    left = _remaining(findings, ends)
    if left is None:
        return None
    if not _accounted(wrong, local, left):
        return None
    loss = wrong.get(("loss", "y_hat"))
    others = [f for quantity, f in wrong.items() if quantity != ("loss", "y_hat")]
    expression = _product([f.origin for f in (loss, others[0]) if f is not None])
    parts = _parts(wrong)
    told = f"{expression} = {left:.6g}" if expression else f"{left:.6g}"
    if isclose(left, 1, rel_tol=_CLOSE):
        end = f"end to end a factor {told} remains: they cancel"
        if expression not in ("", "1"):
            end += f", and would not for another {_sizes(expression)}"
    else:
        end = f"end to end a factor {told} remains at every parameter"
        if expression == "outputs / 2":
            end += "; with 2 outputs they would cancel"
        elif expression == "outputs":
            end += "; with 1 output they would cancel"
    message = f"a convention is split between {_listed(wrong)}: taken alone {'; '.join(parts)}; {end}"
    places = " | ".join(dict.fromkeys(f.layer for f in wrong.values()))
    example = next(f for f in findings if f.role == "end_to_end")
    return replace(
        example, layer="split", check="model.split", wrt=places, verdict=Verdict.DISAGREES, message=message,
        claimed=None, measured=None, error=None, gap=None, allowed=None, resolution=None, worst=None, wrong=None,
        entries=None, pattern="split", factor=left, curve=(), table=None, evaluations=0, reason="", part_of="",
    )  # fmt: skip


def _worst_of(findings: Iterable[Finding]) -> dict[tuple[str, str], Finding]:
    """Return for each quantity the finding that decides it."""
    found: dict[tuple[str, str], Finding] = {}
    for f in findings:
        known = found.get(f.quantity)
        if known is None or f.verdict.severity > known.verdict.severity or (f.factor is not None and f.verdict.wrong):
            found[f.quantity] = f
    return found


def _remaining(findings: Sequence[Finding], ends: dict[tuple[str, str], Finding]) -> float | None:
    """Return the one factor that every end-to-end gradient is off by, 1 where all agree; None if there is none."""
    ratios = []
    for quantity in ends:
        own = [
            f
            for f in findings
            if f.role == "end_to_end" and f.quantity == quantity and f.measured and f.claimed is not None
        ]
        if not any(f.verdict.wrong for f in own):
            ratios.append(1.0)
            continue
        ratios += [f.claimed / f.measured for f in own if f.claimed is not None and f.measured]
    if not ratios or any(f.verdict is Verdict.INCONCLUSIVE for f in ends.values()):
        return None
    return ratios[0] if all(isclose(r, ratios[0], rel_tol=_CLOSE) for r in ratios) else None


def _accounted(wrong: dict[tuple[str, str], Finding], local: dict[tuple[str, str], Finding], left: float) -> bool:
    """Whether the local faults together give what remains, and no proper part of them does."""
    loss = wrong.get(("loss", "y_hat"))
    carried = [f for quantity, f in wrong.items() if quantity[1] in _CARRIED]
    kept = [f for quantity, f in wrong.items() if quantity[1] not in _CARRIED]
    parameters = [quantity for quantity in local if quantity[1] not in _CARRIED and quantity[0] != "loss"]
    if kept:
        # the loss is too large by what every parameter is too small by
        if loss is None or loss.factor is None or len(carried) > 1 or len(kept) < len(parameters):
            return False
        factors = [f.factor for f in kept]
        return all(f is not None and isclose(f * loss.factor, left, rel_tol=1e-4) for f in factors)
    if all(f.factor is not None for f in carried):
        return isclose(prod(f.factor or 0.0 for f in carried), left, rel_tol=1e-4)
    # a derivative left to a neighbour, as a softmax's to its loss: only neighbours, and right together
    return isclose(left, 1, rel_tol=_CLOSE) and len(carried) == 2


def _parts(wrong: dict[tuple[str, str], Finding]) -> list[str]:
    """Return "W, b of 0 Layer, 1 Layer is 0.2 = 1 / batch × its derivative" for each factor."""
    groups: dict[str, list[Finding]] = {}
    for f in wrong.values():
        told = f" = {f.origin}" if f.origin else ""
        groups.setdefault("wrong" if f.factor is None else f"{f.factor:.6g}{told} × its derivative", []).append(f)
    parts = []
    for words, found in groups.items():
        names, layers = (", ".join(dict.fromkeys(each)) for each in ([f.wrt for f in found], [f.layer for f in found]))
        parts.append(f"{names} of {layers} is {words}")
    return parts


def _listed(wrong: dict[tuple[str, str], Finding]) -> str:
    layers = list(dict.fromkeys(layer for layer, _ in wrong))
    return f"{', '.join(layers[:-1])} and {layers[-1]}" if len(layers) > 1 else layers[0]


def _product(expressions: Sequence[str]) -> str:
    """Return the product of expressions like "batch · outputs / 2", what is above and below cancelled.

    Example:
        >>> _product(["batch · outputs / 2", "1 / batch"])
        'outputs / 2'
    """
    if len(expressions) < 2 or not all(expressions):
        return ""
    above: list[str] = []
    below: list[str] = []
    for expression in expressions:
        top, _, bottom = expression.partition(" / ")
        above += [t for t in top.split(" · ") if t != "1"]
        below += [t for t in bottom.strip("()").split(" · ") if t]
    for token in list(below):
        if token in above:
            above.remove(token)
            below.remove(token)
    top = " · ".join(above) or "1"
    return top + (f" / {below[0]}" if len(below) == 1 else f" / ({' · '.join(below)})" if below else "")


def _sizes(expression: str) -> str:
    words = [w for w in expression.replace("(", "").replace(")", "").split() if w.isalpha()]
    return "number of " + " and ".join(dict.fromkeys(words)) if words else "size"


def _first_wrong(name: str, findings: Sequence[Finding]) -> Finding | None:
    """Return the block that is to blame where nothing but end-to-end gradients was to be had."""
    if any(f.role != "end_to_end" and f.wrt for f in findings):
        return None
    ends = [f for f in findings if f.role == "end_to_end" and f.wrt]
    wrong = [f for f in ends if f.verdict.wrong]
    if not wrong:
        return None
    layers = list(dict.fromkeys(f.layer for f in ends))
    last = max(wrong, key=lambda f: layers.index(f.layer)).layer
    first = next(f for f in wrong if f.layer == last)
    clean = layers[layers.index(last) + 1 :]
    above = f"; {', '.join(clean)}, nearer to the loss, agree" if clean else ""
    message = f"{last} is the first block, counted from the loss, whose gradient disagrees{above}: the fault lies there"
    return replace(first, check="model.boundary", role="local", message=message)
