"""Optimisers against torch step by step, schedules against their formulas, clipping."""

import math

import numpy as np
import pytest

from netcore import SGD, Adam, AdamW, CosineDecay, ExponentialDecay, RMSProp, StepDecay, Warmup, clip_by_norm

RNG = np.random.default_rng(71)
START = {"0.W": RNG.normal(size=(3, 4)), "0.b": RNG.normal(size=(1, 4))}
GRADS = [{k: RNG.normal(size=v.shape) for k, v in START.items()} for _ in range(6)]


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        (SGD(0.1), lambda o, p: o.SGD(p, 0.1)),
        (SGD(0.1, momentum=0.9, weight_decay=0.3), lambda o, p: o.SGD(p, 0.1, momentum=0.9, weight_decay=0.3)),
        (SGD(0.1, momentum=0.9, nesterov=True), lambda o, p: o.SGD(p, 0.1, momentum=0.9, nesterov=True)),
        (Adam(0.1), lambda o, p: o.Adam(p, 0.1)),
        (
            Adam(0.1, beta1=0.8, beta2=0.95, weight_decay=0.2),
            lambda o, p: o.Adam(p, 0.1, (0.8, 0.95), weight_decay=0.2),
        ),
        (AdamW(0.1, weight_decay=0.2), lambda o, p: o.AdamW(p, 0.1, weight_decay=0.2)),
        (RMSProp(0.1), lambda o, p: o.RMSprop(p, 0.1)),
        (RMSProp(0.1, momentum=0.5, weight_decay=0.1), lambda o, p: o.RMSprop(p, 0.1, momentum=0.5, weight_decay=0.1)),
    ],
)
def test_six_steps_are_torchs(mine, theirs):
    torch = pytest.importorskip("torch")
    tensors = {k: torch.tensor(v) for k, v in START.items()}
    optimiser = theirs(torch.optim, list(tensors.values()))
    params, state = START, mine.init(START)
    for t, grads in enumerate(GRADS):
        params, state = mine.step(params, grads, state, t)
        for k, tensor in tensors.items():
            tensor.grad = torch.tensor(grads[k])
        optimiser.step()
    for k, tensor in tensors.items():
        np.testing.assert_allclose(params[k], tensor.numpy(), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    "optimiser", [SGD(0.1, momentum=0.9, weight_decay=0.3), Adam(), AdamW(), RMSProp(momentum=0.9)]
)
def test_running_statistics_and_dtypes_are_left_alone_and_so_are_the_arguments(optimiser):
    params = {"0.gamma": np.ones(3, np.float32), "1.0.running_mean": np.ones(3), "running_var": np.ones(3)}
    grads = {k: np.full(3, 2.0) for k in params}
    state = optimiser.init(params)
    held = {k: v.copy() for k, v in (params | state).items()}
    after, remembered = optimiser.step(params, grads, state, 0)
    assert list(after) == list(params)
    assert after["1.0.running_mean"] is params["1.0.running_mean"]
    assert after["running_var"] is params["running_var"]
    assert after["0.gamma"].dtype == np.float32
    assert np.all(after["0.gamma"] < 1)
    assert remembered.keys() == state.keys()
    for name, array in (params | state).items():
        np.testing.assert_array_equal(array, held[name])


def test_schedules_are_their_formulas():
    assert [StepDecay(1.0, 0.5, 3)(t) for t in range(7)] == [1, 1, 1, 0.5, 0.5, 0.5, 0.25]
    assert ExponentialDecay(2.0, 0.5, 4)(6) == pytest.approx(2 * 0.5**1.5)
    cosine = CosineDecay(1.0, 8, end=0.2)
    assert [cosine(t) for t in (0, 4, 8, 100)] == pytest.approx([1.0, 0.6, 0.2, 0.2])
    assert cosine(2) == pytest.approx(0.2 + 0.8 * (1 + math.sqrt(0.5)) / 2)
    assert [Warmup(0.4, 4)(t) for t in range(6)] == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.4, 0.4])
    assert Warmup(cosine, 4)(1) == pytest.approx(cosine(1) / 2)


def test_a_schedule_sets_the_rate_of_each_step():
    params = {"W": np.zeros(2)}
    for t, expected in ((0, 0.1), (4, 0.01)):
        after, _ = SGD(StepDecay(0.1, 0.1, 4)).step(params, {"W": np.ones(2)}, {}, t)
        np.testing.assert_allclose(after["W"], -expected)


def test_clipping_keeps_the_direction_and_the_joint_norm():
    grads = {"W": np.array([[3.0, 0.0]]), "b": np.array([4.0])}
    clipped, norm = clip_by_norm(grads, 2.5)
    assert norm == 5
    np.testing.assert_allclose(clipped["W"], [[1.5, 0]])
    np.testing.assert_allclose(clipped["b"], [2])
    assert clip_by_norm(grads, 5.5)[0]["W"] is grads["W"]
    assert clip_by_norm({"W": np.zeros(2)}, 1.0)[1] == 0


def test_clipping_holds_what_has_exploded():
    """Its squares overflow, in float32 from 1e19 on, where it is needed most."""
    clipped, norm = clip_by_norm({"W": np.full((2, 3), 1e25, np.float32), "b": np.zeros(4, np.float32)}, 2.0)
    assert norm == pytest.approx(1e25 * math.sqrt(6), rel=1e-6)
    np.testing.assert_allclose(clipped["W"], 2 / math.sqrt(6), rtol=1e-6)
    assert clipped["W"].dtype == np.float32
