"""Backward rules that are right, one file a family: each lists its RULES."""

from . import (
    activations,
    attention,
    broadcast,
    conv,
    dense,
    edges,
    indexing,
    kinks,
    linalg,
    losses,
    norm,
    numerics,
    physics,
    pool,
    precision,
    products,
    rare_losses,
    recurrent,
    reductions,
    schemes,
    shapes,
    solvers,
    special,
)

NETS = (activations, losses, rare_losses, dense, conv, norm, pool, attention, recurrent, indexing, reductions)
MATHS = (linalg, products, special, broadcast, physics, schemes, solvers)
HARD = (kinks, edges, numerics, shapes, precision)
RULES = tuple(r for room in NETS + MATHS + HARD for r in room.RULES)
