"""The notebook's network: what its derivatives are off by, layer by layer and end to end.

With m rows and n outputs, `MSE.grad` is m n / 2 times the derivative of what the call returns (a mean over m n
squares) and `LogLoss.grad` m n times. `Layer.backward` divides dW and db by m. End to end n / 2 and n remain, so that
with two outputs and MSE every gradient is right by accident.
"""

import numpy as np
import pytest

import gradcheck
from gradcheck import Verdict, adapt
from tests.planted import notebook

SHAPES = [(5, 3), (7, 2), (3, 5), (2, 7)]  # rows, outputs


def entries(target, name, seed=0):
    """(claimed, measured, bar) of every entry of one gradient: the measurement's own values."""
    report = gradcheck.check(target, seed=seed, effort="thorough")
    [found] = [f for f in report.findings if f.check == "gradient.entries" and f.wrt == name]
    return found, report


def losses(m, n):
    rng = np.random.default_rng([41, m, n])
    p, p_hat = rng.uniform(0.05, 0.95, size=(2, m, n))
    y, y_hat = rng.normal(size=(2, m, n))
    return {"mse": (notebook.MSE(), y, y_hat, m * n / 2), "logloss": (notebook.LogLoss(), p, p_hat, m * n)}


@pytest.mark.parametrize(("m", "n"), SHAPES)
@pytest.mark.parametrize("name", ["mse", "logloss"])
def test_the_gradient_of_a_loss_alone_is_too_large_by_rows_and_outputs(m, n, name):
    loss, y, y_hat, factor = losses(m, n)[name]
    found, report = entries(adapt.loss(loss, y, y_hat, layer="loss"), "y_hat")
    assert found.verdict is Verdict.DISAGREES
    assert found.wrong == found.entries == m * n
    # the measured entry is right to its bar: a ratio of two numbers of which one has a relative error of 1e-8 at most
    assert found.claimed / found.measured == pytest.approx(factor, rel=1e-8)
    assert report.culprits == (("loss", "y_hat"),)


def test_mean_squared_error_of_one_row_and_two_outputs_is_right_by_accident():
    y, y_hat = np.random.default_rng(0).normal(size=(2, 1, 2))
    assert gradcheck.check(adapt.loss(notebook.MSE(), y, y_hat)).ok


@pytest.mark.parametrize("act", ["sigmoid", "relu"])
@pytest.mark.parametrize("m", [2, 5, 7])
def test_dw_and_db_of_a_layer_are_one_over_m_of_the_pullback_and_dx_is_right(m, act):
    np.random.seed(3)  # noqa: NPY002  # the notebook draws from the global generator
    layer, X = notebook.Layer(3, 4, act), np.random.default_rng([42, m]).normal(size=(m, 3))
    target = adapt.pair(layer, X)
    for name in ("W", "b"):
        found, report = entries(target, name)
        assert found.verdict is Verdict.DISAGREES
        assert found.claimed / found.measured == pytest.approx(1 / m, rel=1e-8)
    assert set(report.culprits) == {("Layer", "W"), ("Layer", "b")}
    assert {f.verdict for f in report.findings if f.wrt == "x"} <= {Verdict.AGREES, Verdict.KINK}


def model(m, n, loss):
    rng = np.random.default_rng([43, m, n])
    net = notebook.Model([3, 4, n], loss=loss)
    for layer in net.layers:
        layer.act = notebook.Sigmoid()
    y = rng.uniform(0.05, 0.95, size=(m, n))
    return adapt.model(net, rng.normal(size=(m, 3)), y, name="notebook")


@pytest.mark.parametrize(("m", "n"), SHAPES)
@pytest.mark.parametrize(("loss", "left"), [("mse", lambda n: n / 2), ("logloss", lambda n: n)])
def test_half_the_outputs_remain_of_the_errors_end_to_end(m, n, loss, left):
    report = gradcheck.check([t for t in model(m, n, loss) if t.role == "end_to_end"], effort="thorough")
    found = {
        (f.layer, f.wrt): f for f in report.findings if f.claimed is not None and f.wrt in ("W", "b") and f.measured
    }
    assert set(found) == {("0 Layer", "W"), ("0 Layer", "b"), ("1 Layer", "W"), ("1 Layer", "b")}
    for place, f in found.items():
        assert f.claimed / f.measured == pytest.approx(left(n), rel=1e-7), place
        assert (f.verdict is Verdict.AGREES) == (left(n) == 1)


@pytest.mark.parametrize(("m", "n"), SHAPES)
@pytest.mark.parametrize("loss", ["mse", "logloss"])
def test_every_layer_of_the_notebook_is_a_culprit_in_w_and_b_and_so_is_its_loss(m, n, loss):
    report = gradcheck.check(model(m, n, loss))
    assert set(report.culprits) == {
        ("0 Layer", "W"),
        ("0 Layer", "b"),
        ("1 Layer", "W"),
        ("1 Layer", "b"),
        ("loss", "y_hat"),
    }
    ends = [f.verdict for f in report.findings if f.check == "model.end_to_end" and f.wrt in ("W", "b")]
    assert ends
    assert all((verdict is Verdict.AGREES) == (loss == "mse" and n == 2) for verdict in ends)


def test_the_notebooks_own_run_has_errors_that_cancel_end_to_end():
    net = notebook.Model([3, 2])
    report = gradcheck.check(adapt.model(net, notebook.X.astype(float), notebook.Y.astype(float)))
    assert set(report.culprits) == {("0 Layer", "W"), ("0 Layer", "b"), ("loss", "y_hat")}
    assert not [f for f in report.failures if f.check == "model.end_to_end"]


@pytest.mark.parametrize("act", ["sigmoid", "relu"])
def test_the_notebooks_activations_are_right(act):
    x = np.random.default_rng(44).normal(size=(3, 5))
    assert gradcheck.check(adapt.activation(notebook.ACT[act], x)).ok


def test_relu_exactly_at_zero_takes_a_valid_subgradient():
    x = np.array([[0.0, 1.5, -2.0], [0.3, 0.0, -0.1]])
    report = gradcheck.check(adapt.activation(notebook.Relu(), x))
    assert report.verdict is Verdict.KINK
    assert report.ok


def test_a_model_is_left_as_it_was():
    net = notebook.Model([3, 4, 2])
    net.forward(notebook.X)
    before = [layer.W.copy() for layer in net.layers], [z.copy() for z in net.Z]
    gradcheck.check(adapt.model(net, notebook.X.astype(float), notebook.Y.astype(float)))
    assert all(np.array_equal(layer.W, w) for layer, w in zip(net.layers, before[0], strict=True))
    assert all(np.array_equal(z, kept) for z, kept in zip(net.Z, before[1], strict=True))
    assert net.dW == [[], []]
