"""What netcore offers for verification is complete, well formed, and true by differences taken here."""

import inspect
import re

import numpy as np
import pytest
from netcore_oracles import assert_close, assert_pullback, each, parts, slope

import netcore
from netcore.model import Model

TARGETS = list(netcore.gradcheck_targets())
BY_ADAPT = {
    kind: [pytest.param(t, id=t["name"]) for t in TARGETS if t["adapt"] == kind]
    for kind in ("activation", "loss", "layer", "model")
}


def arrays(target):
    for key in ("x", "y", "y_hat"):
        yield from parts(target.get(key, ()))


def double(target):
    return not any(a.dtype in (np.float32, np.complex128) for a in arrays(target))


def test_names_are_unique_and_every_kind_is_known():
    assert len({t["name"] for t in TARGETS}) == len(TARGETS)
    assert sum(map(len, BY_ADAPT.values())) == len(TARGETS)


def test_every_public_class_with_a_derivative_has_a_target():
    claimants = {
        thing
        for name in netcore.__all__
        if inspect.isclass(thing := getattr(netcore, name)) and name not in ("Activation", "Layer", "Loss")
        if hasattr(thing, "backward") or hasattr(thing, "grad")
    }
    offered = {type(t[key]) for t in TARGETS for key in ("act", "loss", "layer", "model") if key in t}
    assert claimants - offered == set()


@pytest.mark.parametrize("target", [pytest.param(t, id=t["name"]) for t in TARGETS])
def test_no_two_axes_of_a_target_are_equal_and_no_batch_is_one(target):
    for array in arrays(target):
        assert len(set(array.shape)) == array.ndim
        assert array.shape[0] > 1
        assert array.size <= 400


@pytest.mark.parametrize("target", BY_ADAPT["layer"])
def test_the_pullback_of_every_layer_target_is_the_derivative(target):
    if double(target):
        assert_pullback(target["layer"], target["params"], target["x"], target.get("seed"))


@pytest.mark.parametrize("target", BY_ADAPT["loss"])
def test_the_gradient_of_every_loss_target_is_the_derivative(target):
    if double(target):
        loss, y, y_hat = target["loss"], target["y"], target["y_hat"]
        rng = np.random.default_rng(8)
        for _ in range(3):
            v = rng.normal(size=y_hat.shape)
            v *= 0.1 * np.min(np.abs(np.stack([y_hat, 1 - y_hat]))) / np.max(np.abs(v))  # stay inside (0, 1)
            measured = slope(lambda a: float(np.sum(loss(y, a))), y_hat, v)
            assert_close(np.sum(loss.grad(y, y_hat) * v), np.array(measured), np.sum(np.abs(loss(y, y_hat))))


@pytest.mark.parametrize("target", BY_ADAPT["layer"])
def test_every_layer_keeps_float32_and_agrees_with_its_float64_self(target):
    if any(a.dtype.kind == "c" for a in arrays(target)):
        return  # its real twin is a target too
    layer, seed = target["layer"], target.get("seed")
    results = []
    for dtype in (np.float64, np.float32):
        params = {k: v.astype(dtype) for k, v in target["params"].items()}
        x = each(lambda a, dtype=dtype: a.astype(dtype) if a.dtype.kind == "f" else a, target["x"])
        y, cache = layer.forward(params, x, rng=None if seed is None else np.random.default_rng(seed))
        dy = np.random.default_rng(9).normal(size=y.shape).astype(dtype)
        dx, dparams = layer.backward(params, cache, dy)
        found = {"y": y, **dparams} | ({} if dx is None else {f"x{i}": a for i, a in enumerate(parts(dx))})
        assert {name: a.dtype for name, a in found.items()} == dict.fromkeys(found, np.dtype(dtype))
        results.append(found)
    for name, exact in results[0].items():
        scale = max(1.0, float(np.max(np.abs(exact), initial=0)))
        np.testing.assert_allclose(results[1][name], exact, rtol=0, atol=2e-4 * scale, err_msg=name)


@pytest.mark.parametrize("target", BY_ADAPT["layer"])
def test_for_complex_arrays_every_layer_is_exact_or_refuses(target):
    if not double(target):
        return
    rng, layer, seed = np.random.default_rng(10), target["layer"], target.get("seed")

    def drawn(array):
        size = array.shape  # 0.2 keeps away from the poles of tanh and of σ
        return array if array.dtype.kind in "iu" else 0.2 * (rng.normal(size=size) + 1j * rng.normal(size=size))

    def run(params, x):
        return layer.forward(params, x, rng=None if seed is None else np.random.default_rng(seed))

    params, x = {k: drawn(v) for k, v in target["params"].items()}, each(drawn, target["x"])
    if re.search("ReLU|Softmax|Max|Norm|LSTM|GRU|Attention|Transformer", repr(layer)):  # it, or a layer inside it
        with pytest.raises(ValueError, match=r"Expected real x for .* but got x.dtype=complex128"):
            run(params, x)
        return
    y, cache = run(params, x)
    y_bar = drawn(y)
    dx, dparams = layer.backward(params, cache, y_bar)
    step, steps = each(drawn, target["x"]), {k: drawn(v) for k, v in params.items()}

    def f(t):
        moved = [a if a.dtype.kind in "iu" else a + t * v for a, v in zip(parts(x), parts(step), strict=True)]
        y, _ = run({k: v + t * steps[k] for k, v in params.items()}, tuple(moved) if isinstance(x, tuple) else moved[0])
        return float(np.vdot(y_bar, y).real)

    claimed = sum(np.vdot(dparams[k], steps[k]).real for k in params)
    if dx is not None:
        claimed += sum(np.vdot(a, v).real for a, v in zip(parts(dx), parts(step), strict=True))
    assert claimed == pytest.approx(slope(f, np.zeros(()), 1.0), rel=1e-8, abs=1e-9)


@pytest.mark.parametrize("target", BY_ADAPT["layer"])
def test_every_layer_leaves_its_arguments_alone_and_takes_strided_and_empty_batches(target):
    layer, params, x, seed = target["layer"], target["params"], target["x"], target.get("seed")

    def run(x):
        y, cache = layer.forward(params, x, rng=None if seed is None else np.random.default_rng(seed))
        dy = np.random.default_rng(9).normal(size=y.shape)
        kept = dy.copy()
        dx, dparams = layer.backward(params, cache, dy)
        np.testing.assert_array_equal(dy, kept)
        return y, dx, dparams

    held = {k: v.copy() for k, v in params.items()}, each(np.copy, x)
    y, dx, dparams = run(x)
    for name in params:
        np.testing.assert_array_equal(params[name], held[0][name])
    for now, before in zip(parts(x), parts(held[1]), strict=True):
        np.testing.assert_array_equal(now, before)

    strided = each(lambda a: np.repeat(a, 2, axis=-1)[..., ::2], x)
    ys, dxs, dstrided = run(strided)
    np.testing.assert_allclose(ys, y, rtol=1e-12, atol=1e-12)
    if dx is not None:
        for mine, theirs in zip(parts(dxs), parts(dx), strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-11, atol=1e-12)
    for name in dparams:
        np.testing.assert_allclose(dstrided[name], dparams[name], rtol=1e-11, atol=1e-12)

    y0, dx0, dempty = run(each(lambda a: a[:0], x))
    assert len(y0) == 0
    assert dx0 is None or [a.shape for a in parts(dx0)] == [a[:0].shape for a in parts(x)]
    assert all(g.shape == params[name].shape and np.all(np.isfinite(g)) for name, g in dempty.items())


@pytest.mark.parametrize("target", BY_ADAPT["model"])
def test_every_model_target_runs(target):
    model = target["model"]
    assert isinstance(model, Model)
    grads = model.backward(target["y"], model.forward(target["x"]))
    assert [g.keys() for g in grads] == [p.keys() for p in model.params]
