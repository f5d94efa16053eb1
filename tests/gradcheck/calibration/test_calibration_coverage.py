"""Error bars cover: measured derivatives against forty digits, over families of functions, in float64 and float32.

A few thousand draws here; `tests/benchmarks/campaign.py calibration` runs as many as one has patience for.
"""

import mpmath as mp
import numpy as np
import pytest
from families import drawn, families

DRAWS = 30
ENOUGH = {np.float64: 0.97, np.float32: 0.95}  # least share of draws with a finite bar
SHARP = {np.float64: 1e-10, np.float32: 3e-4}  # largest median bar on smooth functions, relative to the derivative
BOTH = pytest.mark.parametrize("dtype", [np.float64, np.float32])


@pytest.fixture(scope="module")
def measured():
    """All draws, by dtype: half of them with the truth as the claim, half without a claim."""
    found = {}
    for dtype in (np.float64, np.float32):
        rng = np.random.default_rng(81)
        found[dtype] = [drawn(f, dtype, rng, claim=i % 2 == 0) for f in families(dtype) for i in range(DRAWS)]
    return found


@pytest.mark.parametrize("family", families(np.float64), ids=str)
def test_the_closed_forms_are_the_derivatives_of_the_functions(family):
    """mpmath's own numerical derivative at forty digits agrees to ten, and so does numpy's value."""
    rng = np.random.default_rng(82)
    for _ in range(5):
        point = [float(number) for number in family.draw(rng)]
        x, *p = (mp.mpf(number) for number in point)
        slope = mp.diff(lambda t, p=p: family.value(t, *p), x)
        due = family.slope(x, *p)
        size = abs(due) + abs(family.value(x, *p) / x) * mp.mpf("1e-10")  # a slope may be 0, or nearly
        assert abs(slope - due) <= mp.mpf("1e-10") * size
        with np.errstate(all="ignore"):
            value = float(family.f(np.float64(point[0]), *map(np.float64, point[1:])))
        # values of cancelling families keep a few digits only; noisy ones keep nine
        assert value == pytest.approx(float(family.value(x, *p)), rel=1e-5, abs=1e-8)


@BOTH
def test_the_bar_covers_the_true_error_in_every_draw(measured, dtype):
    answered = [d for d in measured[dtype] if d.answered]
    missed = [(str(d.family), d.ratio, d.estimate) for d in answered if d.ratio > 1]
    # of some 1,250 draws a coverage of 99.99 % leaves 0.13 to be expected
    assert not missed
    assert len(answered) >= ENOUGH[dtype] * len(measured[dtype])


@BOTH
def test_bars_are_sharp_on_smooth_functions(measured, dtype):
    bars = [d.estimate.error / abs(d.truth) for d in measured[dtype] if d.family.group == "smooth"]
    assert np.median(bars) < SHARP[dtype]


@BOTH
def test_bars_are_not_blown_up_beyond_need(measured, dtype):
    """The median true error is within three decades of its bar: a bar of infinity would cover as well."""
    ratios = [d.ratio for d in measured[dtype] if d.answered and d.family.group == "smooth" and d.error]
    assert np.median(ratios) > 1e-3


@BOTH
def test_what_is_called_smooth_is_no_kink(measured, dtype):
    kinds = {d.estimate.kind for d in measured[dtype] if d.family.group == "smooth"}
    assert kinds == {"smooth"}


@BOTH
def test_full_measurements_of_smooth_functions_cost_twelve_evaluations(measured, dtype):
    costs = [d.estimate.evaluations for d in measured[dtype] if d.family.group == "smooth"]
    assert np.mean(costs) <= 12
    assert np.quantile(costs, 0.95) <= 18


@BOTH
def test_with_known_noise_they_cost_eight(dtype):
    rng = np.random.default_rng(83)
    smooth = [f for f in families(dtype) if f.group == "smooth"]
    draws = [drawn(f, dtype, rng, kappa=1.0) for f in smooth for _ in range(15)]
    assert np.mean([d.estimate.evaluations for d in draws]) <= 8
    # a caller who knows the noise gets the same promise, where what he knows is true
    assert not [(str(d.family), d.ratio) for d in draws if d.answered and d.ratio > 1]


@BOTH
def test_no_measurement_costs_more_than_three_times_its_budget(measured, dtype):
    # 41, and up to four rounds of seven values, twice, that tell noise from structure where one side stands still
    assert max(d.estimate.evaluations for d in measured[dtype]) <= 3 * 41
