"""Which targets and quantities a pattern means."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from gradcheck.report import Finding
from gradcheck.target import Target

__all__ = ["covers", "matches", "select"]


def select(target: Target, patterns: Sequence[str]) -> Target | None:
    """Return the target with the quantities that a pattern names, None where it names none.

    A pattern names a target ("Dense[3,5]"), a layer ("2 Dense"), or a quantity of either ("Dense[3,5]:W",
    "2 Dense:W"). `*` stands for any text and `?` for one character; brackets stand for themselves, since names hold
    them. Random numbers are drawn from names, so that a selection gives the same answers as the whole.
    """
    if not patterns or any(covers(p, name) for p in patterns for name in (target.name, target.layer) if name):
        return target
    blocks = target.point.blocks if target.wrt is None else target.wrt
    wanted = tuple(b for b in blocks if any(covers(p, n) for p in patterns for n in _names(target, b)))
    return replace(target, wrt=wanted) if wanted else None


def matches(finding: Finding, target: Target) -> bool:
    """Whether a finding concerns a quantity that is left of a selected target."""
    if not finding.wrt or target.wrt is None:
        return True
    return finding.quantity in {target.owner(name) for name in target.wrt}


def _names(target: Target, block: str) -> Iterator[str]:
    layer, quantity = target.owner(block)
    yield f"{target.name}:{block}"
    yield f"{target.name}:{quantity}"
    yield f"{target.name}:{layer}.{quantity}"
    yield f"{layer}:{quantity}"


def covers(pattern: str, name: str) -> bool:
    """Whether a pattern with `*` and `?` matches a whole name."""
    parts: Iterable[str] = re.split(r"([*?])", pattern)
    wild = {"*": ".*", "?": "."}
    return re.fullmatch("".join(wild.get(p, re.escape(p)) for p in parts), name, re.DOTALL) is not None
