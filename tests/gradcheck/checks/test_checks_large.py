"""Large blocks: what they cost in evaluations and memory, and that one copy and one gradient at a time are enough.

Blocks of 65,536 entries and more share one copy of an input and keep gradients for one cotangent at a time. What a
small layer is told, a large one is told too.
"""

import tracemalloc

import numpy as np
import pytest

import gradcheck
import netcore
from gradcheck import Verdict, adapt
from gradcheck.checks.trial import Trial
from gradcheck.settings import Settings

BATCH, N, M = 3, 220, 310  # 68,200 entries
PLACES = [(k * 97 % N, k * 89 % M) for k in range(1, 11)]


def point(n=N, m=M, batch=BATCH, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(batch, n)), rng.normal(size=(n, m)) / n**0.5, rng.normal(size=(1, m))


def forward(x, W, b):
    return np.tanh(x @ W + b)


def backward(inputs, u):
    x, W, b = inputs
    dz = u * (1 - forward(x, W, b) ** 2)
    return dz @ W.T, x.T @ dz, dz.sum(axis=0, keepdims=True)


def checked(pull=backward, call=forward, inputs=None, **settings):
    return gradcheck.check(adapt.vjp(call, pull, *(inputs or point()), name="wide"), **settings)


def affine(x, W, b):
    return x @ W + b


def affine_backward(inputs, u):
    x, W, _ = inputs
    return u @ W.T, x.T @ u, u.sum(axis=0, keepdims=True)


def edited(change, pull=backward):
    def wrong(inputs, u):
        dx, dW, db = pull(inputs, u)
        return dx, change(dW), db

    return wrong


def times(factors, pull=backward):
    def change(g):
        for place, factor in factors.items():
            g[place] *= factor
        return g

    return edited(change, pull)


def spent(report, block):
    return sum(f.evaluations for f in report.findings if f.wrt == block)


def wrong_places(report):
    [finding] = [f for f in report.failures if f.check == "gradient.entries"]
    rows = zip(finding.table.index, finding.table.claimed, finding.table.measured, finding.table.allowed, strict=True)
    return {index for index, claimed, measured, bar in rows if abs(claimed - measured) > bar}


@pytest.mark.parametrize("seed", range(2))
def test_a_right_affine_layer_is_screened_in_25_evaluations_a_block(seed):
    layer, (x, W, b) = netcore.Dense(300, 400), point(300, 400, 7, seed)
    report = gradcheck.check(adapt.layer(layer, {"W": W, "b": b}, x), seed=seed)
    assert report.verdict is Verdict.AGREES
    for block in ("x", "W", "b"):
        assert 0 < spent(report, block) <= 25
    [direction] = [f for f in report.findings if f.wrt == "W" and f.check == "gradient.direction"]
    assert direction.resolution < 2e-9  # "would have seen": a thousandth of what is asked for


@pytest.mark.parametrize(
    ("factor", "seed"),
    [(1.5, 0), (1.001, 1), (1.0001, 0), *(pytest.param(f, 1, marks=pytest.mark.slow) for f in (-1.0, 1.01, 1.0001))],
)
def test_one_wrong_entry_is_found_in_250_evaluations(factor, seed):
    """Halving 68,200 entries takes 16 measurements, a million 20: 24 evaluations more, if it came to that."""
    place = PLACES[seed]
    report = checked(times({place: factor}, affine_backward), affine, point(seed=seed), seed=seed)
    assert wrong_places(report) == {place}
    assert spent(report, "W") <= 250 - 24


@pytest.mark.parametrize(("factor", "jumps"), [(1.5, 0), (1.001, 322), (1.0001, 322)])
def test_so_it_is_where_the_forward_bends_but_for_the_jumps_that_are_looked_for_at_a_tiny_gap(factor, jumps):
    """A gap of a thousandth may be a forward's own jumps: what bends needs up to 257 + 65 points to rule them out."""
    report = checked(times({PLACES[4]: factor}))
    assert wrong_places(report) == {PLACES[4]}
    assert spent(report, "W") <= 250 + jumps


def test_constants_of_many_numbers_are_never_the_callers_own():
    """Neighbours and moved points get copies of integers as well."""
    ids = np.random.default_rng(3).integers(0, 4, (300, 401))
    before, seen = ids.copy(), []

    def picked(x, ids):
        seen.append(ids is given)
        return x[ids].sum(axis=0)

    def pull(inputs, u):
        dx = np.zeros(4)
        np.add.at(dx, inputs[1], np.broadcast_to(u, inputs[1].shape))
        dx[2] *= 1.01
        return dx, None

    given = ids
    report = gradcheck.check(adapt.vjp(picked, pull, np.array([0.3, -1.2, 0.7, 2.0]), ids, name="picked"))
    assert report.verdict is Verdict.DISAGREES
    assert not any(seen)
    assert np.array_equal(ids, before)


@pytest.mark.parametrize("factors", [[1.5] * 10, [1.5, -1.0, 0.0, 1.1, 2.0, 1.01, 0.5, 1.2, 3.0, 0.9]])
def test_ten_wrong_entries_are_found_in_2000_evaluations(factors):
    report = checked(times(dict(zip(PLACES, factors, strict=True))))
    assert wrong_places(report) == set(PLACES)
    assert spent(report, "W") <= 2000 * 16 / 20


@pytest.mark.parametrize(("factors", "most"), [({}, 3.3), ({PLACES[0]: 1.5}, 6.8)], ids=["right", "one entry"])
def test_memory_is_three_times_that_of_the_model_and_where_it_is_wrong_that_of_wider_numbers(factors, most):
    """A copy of W that calls get, the gradient kept, and the one returned; at a fault W and dW in extended precision
    are four, beside the gradient kept and two directions of half its size."""
    layer, (x, W, b) = netcore.Dense(700, 900), point(700, 900, 5)

    def backward(params, cache, dy):
        dx, grads = netcore.Dense.backward(layer, params, cache, dy)
        for place, factor in factors.items():
            grads["W"][place] *= factor
        return dx, grads

    class Edited:
        forward = staticmethod(layer.forward)

    Edited.backward = staticmethod(backward)
    target = adapt.layer(Edited(), {"W": W, "b": b}, x, name="wide")
    gradcheck.check(adapt.layer(netcore.Dense(2, 3), {"W": W[:2, :3], "b": b[:, :3]}, x[:, :2]))  # imports
    tracemalloc.start()
    report = gradcheck.check(target)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert report.ok is not bool(factors)
    assert peak <= most * (W.nbytes + b.nbytes + x.nbytes + BATCH * 900 * 8)


def writes_into_W(x, W, b):
    y = forward(x, W, b)
    W[1, 2] += 0.5
    return y


def backward_writes_into_W(inputs, u):
    grads = backward(inputs, u)
    inputs[1][...] = 0
    return grads


def accumulates():
    total = np.zeros((N, M))

    def change(g):
        total[...] += g
        return total.copy()

    return change


def one_buffer():
    buffer = np.zeros((N, M))

    def change(g):
        buffer[...] = g
        return buffer

    return change


def clipped(g):
    return np.clip(g, -2.0, 2.0)


PLANTED = {
    "forward writes into W": (lambda: checked(call=writes_into_W), "value.mutation", "W"),
    "backward writes into W": (lambda: checked(backward_writes_into_W), "contract.mutation", "W"),
    "accumulates": (lambda: checked(edited(accumulates())), "pullback.repeatable", "W"),
    "one buffer for every answer": (lambda: checked(edited(one_buffer())), "contract.aliasing", "W"),
    "clipped": (lambda: checked(edited(clipped)), "pullback.linear", "W"),
    "a term past the cotangent": (lambda: checked(edited(lambda g: g + 1e-3)), "pullback.zero", "W"),
    "float32": (lambda: checked(edited(lambda g: g.astype(np.float32))), "contract.dtype", "W"),
    "transposed": (lambda: checked(edited(lambda g: g.T)), "contract.shape", "W"),
    "infinite": (lambda: checked(times({PLACES[3]: np.inf})), "contract.finite", "W"),
    "not returned": (lambda: checked(edited(lambda g: None)), "contract.none", "W"),
    "halved": (lambda: checked(edited(lambda g: g / 2)), "gradient.direction", "W"),
    "zero": (lambda: checked(edited(lambda g: 0 * g)), "gradient.direction", "W"),
    "faint entries wrong": (lambda: checked(edited(lambda g: np.where(np.abs(g) < 1e-4, 2 * g, g))), "", "W"),
}


@pytest.mark.parametrize(
    "fault", [pytest.param(f, marks=[] if n % 2 else [pytest.mark.slow]) for n, f in enumerate(PLANTED)]
)
def test_a_large_block_is_told_what_a_small_one_is(fault):
    found, check, block = PLANTED[fault]
    report = found()
    if check:
        assert (check, block) in {(f.check, f.wrt) for f in report.failures}, str(report)
    else:
        assert {f.wrt for f in report.failures} == {block}, str(report)


RIGHT = {
    "C": lambda x, W, b: (x, W, b),
    "W in Fortran's order": lambda x, W, b: (x, np.asfortranarray(W), b),
    "read-only": lambda x, W, b: (x, _read_only(W), b),
    "all positive": lambda x, W, b: (np.abs(x), np.abs(W), np.abs(b)),
    "tiny": lambda x, W, b: (x, 1e-30 * W, b),
    "zero": lambda x, W, b: (x, 0 * W, b),
    "float32": lambda x, W, b: tuple(a.astype(np.float32) for a in (x, W, b)),
    "complex": lambda x, W, b: (x + 1j * x[::-1], W * (1 + 0.5j), b + 0j),
}


def _read_only(W):
    W.flags.writeable = False
    return W


def complex_backward(inputs, u):
    x, W, b = inputs
    dz = u * (1 - forward(x, W, b) ** 2).conj()
    return dz @ W.conj().T, x.conj().T @ dz, dz.sum(axis=0, keepdims=True)


@pytest.mark.parametrize("kind", RIGHT)
def test_right_layers_of_every_kind_agree_and_keep_their_inputs(kind):
    inputs = RIGHT[kind](*point())
    before = [a.copy() for a in inputs]
    report = checked(complex_backward, inputs=inputs)
    assert report.ok, str(report)
    assert all(np.array_equal(a, b) for a, b in zip(inputs, before, strict=True))


def test_what_a_mutating_layer_is_given_is_never_the_callers_own():
    for call, pull in ((writes_into_W, backward), (forward, backward_writes_into_W)):
        inputs = point()
        before = [a.copy() for a in inputs]
        checked(pull, call, inputs)
        assert all(np.array_equal(a, b) for a, b in zip(inputs, before, strict=True))


def test_gradients_of_a_large_block_are_there_for_one_cotangent_at_a_time_and_the_same_when_asked_again():
    trial = Trial(adapt.vjp(forward, backward, *point(), name="wide"), Settings())
    first = np.array(trial.gradient(0, "W"))
    cost = trial.evaluations
    small = np.array(trial.gradient(1, "x"))  # lets nothing go
    assert trial.evaluations == cost + 1
    assert np.array_equal(trial.gradient(0, "W"), first)
    assert trial.evaluations == cost + 1
    trial.gradient(1, "W")
    assert trial.evaluations == cost + 2
    assert np.array_equal(trial.gradient(1, "x"), small)
    assert trial.size_of(0, "W").norm == np.linalg.norm(first)
    assert trial.evaluations == cost + 2
    assert np.array_equal(trial.gradient(0, "W"), first)
    assert trial.evaluations == cost + 3


def test_dead_rows_of_a_large_block_are_told():
    x, W, b = point()
    x[:, 5:16] = 0.0
    report = checked(inputs=(x, W, b))
    [direction] = [f for f in report.findings if f.wrt == "W" and f.check == "gradient.direction"]
    assert f"{11 * M} of {N * M} entries have a derivative of zero" in direction.note


def test_a_jump_in_the_gradients_of_neighbours_is_no_mistake_of_a_large_block():
    """The claims of neighbours differ by as much as the gap, which a bound of theirs does not settle."""
    row = PLACES[2][0]

    def noisy(inputs, u):
        dx, dW, db = backward(inputs, u)
        dW[row] *= 1 + 1e-4 * np.sin(1e17 * inputs[1][row])  # from one number to the next, any angle at all
        return dx, dW, db

    assert checked(noisy).verdict is Verdict.INCONCLUSIVE
