"""What the samples of a line say of it beside a slope: that it stands still, climbs stairs, saws, or jumps here.

None of these evaluates anything.
"""

from __future__ import annotations

from gradcheck.probes.line import NOT_FINITE, Line

__all__ = ["jumps_here", "saws", "stair", "stands_still_nearby"]


def stair(line: Line) -> float:
    """Return the size of the change at the shortest step that moves anything; 0 where two shorter ones do not rest.

    Where a function only rounds, this is some spacings of its outputs; floor(x) shows a whole one.
    """
    rest = _rest(line)
    if sum(0 < abs(t) <= rest for t in line.samples) < 4:  # two steps, both ways
        return 0.0
    return min(((abs(t), s.size) for t, s in line.samples.items() if s.finite and abs(t) > rest), default=(0, 0.0))[1]


def saws(line: Line, gap: float) -> bool:
    """Whether the gap of the short steps amounts to no more than some spacings of one, or of an input, in all.

    exp(x) − 1 − x at 1e-8 is −x between two neighbours of exp(x), and steps back by a spacing of one at the next:
    its output of 1e-16 does not tell that one was taken from one. Whether it is a saw, longer steps have to say.
    """
    run = 0.0
    for t in sorted(t for t, sample in line.samples.items() if t > 0 and sample.finite):
        behind = line.samples.get(-t, NOT_FINITE)
        if not behind.finite:
            continue
        if abs((line.samples[t].psi - behind.psi) / (2 * t) - gap) > 0.5 * abs(gap):
            break
        run = t
    return 0 < run * abs(gap) <= line.inside


def stands_still_nearby(line: Line) -> bool:
    """Whether short steps left every output as it was and the long ones did not."""
    moves = [(abs(t), sample.raw != 0.0) for t, sample in line.samples.items() if t and sample.finite]
    return bool(moves) and max(moves)[1] and not min(moves)[1]


def jumps_here(line: Line) -> bool:
    """Whether f jumps at t = 0: its change does not shrink with the step as any continuous slope's does."""
    sizes = sorted((abs(t), sample.size) for t, sample in line.samples.items() if t and sample.finite)
    if len(sizes) < 4:
        return False
    (short, least), (long, most) = (
        max(sizes[:2], key=lambda pair: pair[1]),
        max(sizes[-2:], key=lambda pair: pair[1]),
    )
    return least > 1e3 * line.floor(short) and least > most * (short / long) ** 0.25


def _rest(line: Line) -> float:
    """Return the longest step up to which nothing moved, 0 where the shortest moved something."""
    rest = 0.0
    for t, moves in sorted((abs(t), s.raw != 0.0) for t, s in line.samples.items() if t and s.finite):
        if moves:
            break
        rest = t
    return rest
