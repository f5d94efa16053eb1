"""What has a block's shape and may decide about its entries: inputs, the output, differences of inputs."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from gradcheck.diagnosis.guess import Case
from gradcheck.point import Array

__all__ = ["known"]


def known(case: Case) -> Iterator[tuple[str, list[Array]]]:
    """Yield (words, a flat array for each anatomy), the block itself first."""
    a = case[0]
    names = [
        n for n, v in zip(a.names, a.values, strict=True) if np.shape(v) == a.shape and np.asarray(v).dtype.kind == "f"
    ]
    value = {n: [np.asarray(b.values[b.names.index(n)], dtype=float).ravel() for b in case] for n in names}
    if a.name in value:
        yield a.name, value[a.name]
    if a.output == a.shape:
        yield "y", [b.y for b in case]
    yield from ((n, v) for n, v in value.items() if n != a.name)
    for n, m in combinations(names, 2):
        yield f"{n} − {m}", [p - q for p, q in zip(value[n], value[m], strict=True)]
