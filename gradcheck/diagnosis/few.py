"""What a handful of measured entries of a large block tells: one factor, a turned sign, zeros, one wrong place."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from gradcheck.diagnosis.guess import Guess
from gradcheck.diagnosis.regions import region_of
from gradcheck.report import Finding

__all__ = ["from_entries"]

_FEWEST = 5  # entries at random places that tell of the whole block
_ALIKE = 1e-5


def from_entries(findings: Sequence[Finding]) -> list[Guess]:
    """Return what the measured entries of one block have in common, [] where nothing is told by so few.

    Args:
        findings: of the block; those of `gradient.entries` bring a table, `gradient.direction` a number beside it.
    """
    table = next((f.table for f in findings if f.table is not None), None)
    if table is None or any(np.iscomplexobj(v) for v in (table.claimed, table.measured)):
        return []
    claimed, measured, bars = (np.array(v, dtype=float) for v in (table.claimed, table.measured, table.allowed))
    wrong = np.abs(claimed - measured) > bars
    others = [f for f in findings if f.table is None and f.claimed is not None and f.measured]
    seen = np.abs(measured) > 1e3 * bars
    if wrong.all() and seen.sum() >= _FEWEST:
        if not np.any(claimed) and not any(f.claimed for f in others):
            return [
                Guess("zero", f"claimed is zero in all of {claimed.size} entries that were measured", 0.0, 0.0, 0.0)
            ]
        ratios = [
            *(claimed[seen] / measured[seen]),
            *(f.claimed / f.measured for f in others if f.claimed and f.measured),
        ]
        if np.allclose(ratios, ratios[0], rtol=_ALIKE, atol=0):
            spread = float(np.ptp(ratios) / abs(ratios[0]))
            if abs(ratios[0] + 1) < _ALIKE:
                return [Guess("sign", "claimed = −1 × measured: the sign is turned", spread, 0.1, float(ratios[0]))]
            return [Guess("factor", f"claimed = {ratios[0]:.9g} × measured", spread, 0.2, float(ratios[0]))]
        return []
    places = [index for index, bad in zip(table.index, wrong, strict=True) if bad]
    if len(places) == 1 and (~wrong).sum() >= 2 and prod(table.shape) > 4:
        place = ", ".join(map(str, places[0]))
        return [Guess("one_entry", f"the entry [{place}] is wrong; no other was found", 0.0, 1.0)]
    for axis, size in enumerate(table.shape):
        inside = {index[axis] for index in places}
        outside = {index[axis] for index, bad in zip(table.index, wrong, strict=True) if not bad}
        if len(places) >= _FEWEST and len(inside) == 1 and not inside & outside and size > 2:
            slab = np.zeros(table.shape, dtype=bool)
            slab[(slice(None),) * axis + (next(iter(inside)),)] = True
            region = region_of(slab.ravel(), table.shape, "the block")
            if region is not None:
                return [Guess(region.slug, f"all wrong entries that were found lie in {region.text}", 0.0, 1.0)]
    return []
