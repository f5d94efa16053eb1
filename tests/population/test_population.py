"""The population itself holds: right rules are right by independent oracles, wrong ones really differ."""

from collections import Counter

import numpy as np
import pytest

from . import RIGHT, WRONG
from .oracle import along, as_tuple, finest, lifted, random_cotangent, slope
from .wrong.mutators import factor

SEED = 20240229
BY_CONTRACT = ("none", "nonfinite", "shape", "dtype", "mutation", "overwritten", "aliasing", "state")
UNUSABLE = ("raises", "count")


def label(rule):
    return rule.name


def directions(x, rng, count=2, entries=6):
    """Random directions in proportion to each entry, and single entries of small blocks."""
    typical = np.sqrt(np.mean(x.astype(float) ** 2)) or 1.0
    scale = np.where(x == 0, typical, np.abs(x)).astype(float)
    for _ in range(count):
        yield scale * rng.standard_normal(x.shape)
    if x.size <= entries:
        for i in range(x.size):
            yield scale * (np.arange(x.size) == i).reshape(x.shape)


def is_float(x):
    return np.issubdtype(np.asarray(x).dtype, np.floating)


def at_a_point(rule, seed=SEED):
    """Inputs, a cotangent and the gradients of the rule, and the generator to go on with."""
    rng = np.random.default_rng(seed)
    inputs = rule.draw(rng)
    u = random_cotangent(rule, inputs, rng)
    return inputs, u, rule.vjp(inputs, u), rng


def well_formed(rule, inputs, grads):
    return len(grads) == len(inputs) == len(rule.names) and all(
        g is None
        if not is_float(x)
        else g is not None and np.shape(g) == x.shape and np.asarray(g).dtype == x.dtype and np.isfinite(g).all()
        for x, g in zip(inputs, grads, strict=True)
    )


@pytest.mark.parametrize("rule", [r for r in RIGHT if r.family != "kinks"], ids=label)
def test_a_right_rule_is_the_derivative_that_an_oracle_measures(rule):
    inputs, u, grads, rng = at_a_point(rule)
    assert well_formed(rule, inputs, grads)
    kinds = {x.dtype for x in inputs if is_float(x)}
    assert all(np.asarray(a).dtype in (*kinds, np.dtype(float)) for a in as_tuple(u))
    if "float32" in rule.name.split(", ")[-1:]:
        assert kinds == {a.dtype for a in as_tuple(u)} == {np.dtype(np.float32)}
    f, kind = finest(rule, inputs)
    fine = lifted(inputs, kind)
    for block, (x, g) in enumerate(zip(inputs, grads, strict=True)):
        for v in directions(x, rng) if is_float(x) else ():
            terms = np.asarray(g, dtype=float) * v
            phi, noise = along(f, fine, block, v, u)
            allowed = rule.precision * (np.linalg.norm(terms) or float(abs(phi(1e-3)) + abs(phi(-1e-3)) + 1e12 * noise))
            measured, bar = slope(phi, noise, 0.03 * allowed)
            gap = abs(float(terms.sum()) - measured)
            assert bar <= 0.3 * allowed, (
                f"{rule.names[block]}: oracle too coarse, {bar:.1e} of {allowed:.1e}, gap {gap:.1e}"
            )
            assert gap <= allowed, f"{rule.names[block]}: gap {gap:.2e} of {allowed:.2e}, bar {bar:.1e}"


def one_sided(f, inputs, block, entry, out):
    """Left and right slope of one output entry in one input entry; the steps stay within 1e-10."""
    x = inputs[block]
    v = (np.arange(x.size) == entry).reshape(x.shape)
    u = (np.arange(np.size(f(*inputs))) == out).reshape(np.shape(f(*inputs)))
    phi, _ = along(f, inputs, block, v, u)

    h = np.longdouble(1e-10)
    return sorted(float((4 * phi(s * h / 2) - phi(s * h)) / (s * h)) for s in (-1, 1))


@pytest.mark.parametrize("rule", [r for r in RIGHT if r.family == "kinks"], ids=label)
def test_a_claim_at_a_kink_lies_between_the_slopes_of_each_entry(rule):
    inputs, u, grads, _ = at_a_point(rule)
    assert well_formed(rule, inputs, grads)
    fine = lifted(inputs, np.longdouble)
    jumps = 0
    for out in range(np.size(u)):
        unit = (np.arange(np.size(u)) == out).reshape(np.shape(u)).astype(np.asarray(u).dtype)
        claims = rule.vjp(inputs, unit)
        for block, g in enumerate(claims):
            for entry, claim in enumerate(np.ravel(g)):
                low, high = one_sided(rule.forward, fine, block, entry, out)
                slack = max(rule.precision, 1e-6) * max(1, abs(low), abs(high))
                assert low - slack <= claim <= high + slack, (rule.names[block], entry, low, claim, high)
                jumps += high - low > slack
    assert (jumps > 0) == ("beside" not in rule.name and "no kink" not in rule.name)


@pytest.mark.parametrize("rule", [r for r in WRONG if r.slug not in BY_CONTRACT + UNUSABLE], ids=label)
@pytest.mark.parametrize("seed", [SEED, SEED + 1, SEED + 2])
def test_a_wrong_gradient_is_well_formed_and_differs_from_the_right_one(rule, seed):
    inputs, u, grads, _ = at_a_point(rule, seed)
    right = rule.base.vjp(inputs, u)
    assert well_formed(rule, inputs, grads)
    pairs = [
        (np.asarray(g, dtype=float), np.asarray(r, dtype=float))
        for g, r in zip(grads, right, strict=True)
        if r is not None
    ]
    assert any(np.any(np.abs(g - r) > 1e-9 * np.abs(r)) for g, r in pairs)
    if rule.size is not None:
        sizes = [np.linalg.norm((g - r).ravel()) / np.linalg.norm(r.ravel()) for g, r in pairs if np.any(r)]
        assert max(sizes) == pytest.approx(rule.size, rel=1e-3)


@pytest.mark.parametrize("rule", [r for r in WRONG if r.slug in BY_CONTRACT], ids=label)
def test_a_rule_against_the_contract_breaks_the_part_that_its_slug_names(rule):
    inputs, u, _, rng = at_a_point(rule)
    u = tuple(map(np.array, u)) if isinstance(u, tuple) else np.array(u)
    before, u_before = [x.copy() for x in inputs], [a.copy() for a in as_tuple(u)]
    inputs = tuple(x.copy() for x in inputs)
    first = rule.vjp(inputs, u)
    kept = [None if g is None else np.array(g) for g in first]
    pairs = [(x, g) for x, g in zip(before, kept, strict=True) if is_float(x)]
    mutated = any(np.any(x != b) for x, b in zip(inputs, before, strict=True))
    overwritten = any(np.any(a != b) for a, b in zip(as_tuple(u), u_before, strict=True))
    rule.vjp(tuple(before), random_cotangent(rule, before, rng))
    aliasing = any(g is not None and not np.array_equal(g, k, equal_nan=True) for g, k in zip(first, kept, strict=True))
    again = [
        rule.vjp(rule.draw(np.random.default_rng(3)), random_cotangent(rule, before, np.random.default_rng(4)))
        for _ in range(2)
    ]
    found = {
        "none": any(g is None for _, g in pairs),
        "shape": any(g is not None and g.shape != x.shape for x, g in pairs),
        "dtype": any(g is not None and g.dtype != x.dtype for x, g in pairs),
        "nonfinite": any(g is not None and not np.isfinite(g).all() for _, g in pairs),
        "mutation": mutated,
        "overwritten": overwritten,
        "aliasing": aliasing,
        "state": any(np.any(g != h) for g, h in zip(*again, strict=True) if g is not None and rule.slug == "state"),
    }
    assert [slug for slug, yes in found.items() if yes] == [rule.slug]


@pytest.mark.parametrize("rule", [r for r in WRONG if r.slug in UNUSABLE], ids=label)
def test_an_unusable_rule_raises_or_returns_a_wrong_count(rule):
    if rule.slug == "raises":
        with pytest.raises(Exception, match="not written yet"):
            at_a_point(rule)
    else:
        inputs, _, grads, _ = at_a_point(rule)
        assert len(grads) != len(inputs)


@pytest.mark.parametrize("name", ["conv: 2d", "norm: batch", "recurrent: lstm", "linalg: qr", "special: gammaln"])
def test_the_oracle_sees_a_factor_of_a_millionth(name):
    rule = factor(next(r for r in RIGHT if r.name == name), 1e-6)
    with pytest.raises(AssertionError, match="gap"):
        test_a_right_rule_is_the_derivative_that_an_oracle_measures(rule)


@pytest.mark.parametrize(
    ("f", "x", "df"),
    [
        (np.exp, 0.5, np.exp),
        (np.sqrt, 1e-8, lambda x: 0.5 / np.sqrt(x)),
        (lambda x: np.sin(1000 * x), 0.3, lambda x: 1000 * np.cos(1000 * x)),
        (np.arcsin, 1 - 1e-6, lambda x: 1 / np.sqrt((1 - x) * (1 + x))),
        (lambda x: 1 / x, 1e9, lambda x: -1 / x**2),
        (lambda x: x * x, 0.0, lambda x: 2 * x),
    ],
)
def test_the_oracle_agrees_with_closed_forms_within_ten_bars(f, x, df):
    x = np.longdouble(x)
    step = x or np.longdouble(1)
    truth = float(df(x) * step)
    phi, noise = along(f, (x,), 0, step, 1.0)
    measured, bar = slope(phi, noise, 1e-12 * abs(truth))
    assert bar <= 1e-10 * abs(truth) + 1e-15
    assert abs(measured - truth) <= 10 * bar + 1e-15 * abs(truth)


def test_names_are_unique_and_wrong_rules_have_a_right_base_with_the_same_forward():
    assert max(Counter(r.name for r in RIGHT + WRONG).values()) == 1
    assert all(r.slug is None and r.base is None for r in RIGHT)
    right = {id(r) for r in RIGHT}
    assert all(r.slug and id(r.base) in right and r.forward is r.base.forward and r.draw is r.base.draw for r in WRONG)


def test_the_population_is_large_and_varied():
    assert len(RIGHT) >= 600
    assert len(WRONG) >= 900
    assert len({r.family for r in RIGHT}) >= 20
    assert len({r.slug for r in WRONG}) >= 40
