"""Forwards and backwards that stop at a tolerance: by how much, told without knowing the solver.

A forward jumps where its number of steps changes; a backward misses its own linearity. Both are about the tolerance.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite, sqrt

from gradcheck.checks.trial import Trial
from gradcheck.norms import norm
from gradcheck.point import Array
from gradcheck.probes.jumps import jump_size
from gradcheck.probes.line import Line

__all__ = ["STOPS", "inexactness", "size_of", "wavering"]

STOPS = 10.0  # a backward that stops at a tolerance may be farther from its answer than from where it stops next
_MOST = 1e-4  # relative; what wavers by more is no solver near its answer
_SOLVED = 1e-4  # of the outputs; a solver's jumps are not larger
_NEAR = (1 / 4, 1 / 64, 1 / 1024)  # of the block's size: a jump of the function's own may lie within the first
_FAR = (2.0,)
_FACTORS = (2.0, 4.0, 16.0, 0.5, 0.25, 0.0625)


def inexactness(lines: list[Line], *, far: bool) -> float:
    """Return the size of the jumps that the forward makes along any of the lines, which differ in their input.

    Those of a solver that stops at a tolerance are tiny beside its outputs. A larger one is a pole, a branch cut or an
    eigenvector that changes its sign, some way off: no inexactness, and it must not hide a mistake here. Then only
    what is nearer counts.

    Args:
        lines: in the unit of each one's block.
        far: whether to look farther away where there are none nearby: an iteration that converges fast takes the same
            number of steps at many points in a row.
    """

    def jumps(line: Line, spans: Sequence[float]) -> float:
        def phi(t: float) -> float | None:
            sample = line(t)
            return sample.raw if sample.finite else None

        for far in spans:
            span = min(far, 0.5 * line.reach)
            line(span), line(-span)  # their sizes say how φ is rounded
            size = jump_size(phi, span=span, rounding=line.floor(span))
            if size <= _SOLVED * line.whole_magnitude:
                return size
        return 0.0

    near = max(jumps(line, _NEAR) for line in lines)
    return near if near > 0 or not far else max(jumps(line, _FAR) for line in lines)


def wavering(trial: Trial, number: int) -> float:
    """Return by how much a claim moves where its cotangent is scaled up or down, and the answer back.

    Powers of two pass through every sum and product unchanged, so that what is computed by formulas does not move at
    all. What stops at a tolerance (an adjoint equation in adaptive steps, a conjugate gradient) stops elsewhere,
    about as far from its answer as it is itself. A claim that is not linear moves as well, and ever more for larger
    factors: `pullback.linear` tells that.

    Args:
        trial: whose backward is asked, six times.
        number: which cotangent.
    Returns:
        In the unit of ⟨u, y⟩, for a move of an input by its own size, the most of all inputs: they come from one
        solver. 0 where it is more than that of a solver near its answer.
    """
    if number not in trial.wavers:
        first, names = trial.gradients(number), trial.claimed_blocks()
        moves = size = 0.0
        for factor in _FACTORS:
            _, pullback = trial.linearize()
            answer = trial.read(pullback(trial.cotangent(number, factor)))
            for name in names:
                other, unit = answer.get(name), size_of(trial.value(name))
                size = max(size, norm(first[name]) * unit)
                if other is not None and other.shape == first[name].shape:
                    # of an absolute tolerance, a small cotangent's answer is off by as much, and by more scaled back
                    off = norm(other / factor - first[name]) * unit * min(factor, 1.0)
                    moves = max(moves, off if isfinite(off) else 0.0)
        trial.wavers[number] = moves if moves <= _MOST * size else 0.0
    return trial.wavers[number]


def size_of(x: Array) -> float:
    """Return the RMS of an input, 1 where it is zero."""
    return norm(x) / sqrt(x.size) or 1.0
