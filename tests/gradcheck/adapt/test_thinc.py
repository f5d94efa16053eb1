"""thinc: models by the gradients that they accumulate, and pairs of operations."""

import numpy as np
import pytest

from gradcheck import InputError, Verdict, adapt, check
from gradcheck.adapt.recognise import recognise

pytest.importorskip("thinc")
from thinc.api import LayerNorm, Linear, Model, NumpyOps, chain, list2ragged, with_array

X = np.random.default_rng(0).normal(size=(4, 3)).astype("f")


def scaled(factor, *, adds=True):
    """A model of y = w x whose gradient of w has a factor, added to what was there or put over it."""

    def forward(model, X, is_train):
        w = model.get_param("w")

        def backprop(dY):
            dw = (factor * (dY * X).sum(0)).astype("f")
            (model.inc_grad if adds else model.set_grad)("w", dw)
            return dY * w

        return X * w, backprop

    return Model("scaled", forward, params={"w": np.array([0.5, -1.5, 2.0], dtype="f")})


def test_a_model_is_checked_by_node_and_parameter_and_left_alone():
    model = chain(Linear(5, 3), LayerNorm(5)).initialize(X=X)
    before = {n: node.get_param(n).copy() for node in model.walk() for n in node.param_names}
    target = adapt.thinc(model, X)
    assert target.point.names == ("X", "linear.W", "linear.b", "layernorm.G", "layernorm.b")
    report = check(target)
    assert report.ok, str(report)
    assert all(np.array_equal(node.get_param(n), before[n]) for node in model.walk() for n in node.param_names)
    assert not any(node.has_grad(n) for node in model.walk() for n in node.param_names)


def test_parameters_of_nodes_of_one_name_are_numbered():
    target = adapt.thinc(chain(Linear(5, 3), Linear(2, 5)), X)
    assert target.point.names == ("X", "linear.W", "linear.b", "linear (2).W", "linear (2).b")


def test_a_factor_in_a_gradient_disagrees_in_its_parameter():
    assert check(adapt.thinc(scaled(1.0), X)).ok
    assert check(adapt.thinc(scaled(0.5), X)).culprits == (("scaled", "scaled.w"),)


def test_a_gradient_that_does_not_add_up_is_malformed():
    report = check(adapt.thinc(scaled(1.0, adds=False), X))
    assert report.verdict is Verdict.MALFORMED
    assert any("is not added to what was there" in f.message for f in report.failures)


def test_ragged_and_listed_inputs_are_opened():
    rows = [X, X[:2] + 1]
    assert adapt.thinc(with_array(Linear(5, 3)), rows).point.names[:2] == ("X.0", "X.1")
    assert check(adapt.thinc(with_array(Linear(5, 3)), rows), effort="quick").ok
    ragged = list2ragged().predict(rows)
    assert check(adapt.thinc(with_array(Linear(5, 3)), ragged), effort="quick").ok


@pytest.mark.parametrize(
    ("op", "inputs", "keywords"),
    [
        ("gelu", (X,), {}),
        ("softmax", (X,), {"axis": -1}),
        ("seq2col", (X,), {"nW": 1}),
        ("reduce_mean", (X, np.array([1, 3], dtype="i")), {}),
        ("reduce_max", (X, np.array([1, 3], dtype="i")), {}),
    ],
)
def test_a_pair_of_operations_is_told_by_its_names(op, inputs, keywords):
    report = check(adapt.thinc(NumpyOps(), *inputs, op=op, **keywords))
    assert report.ok, str(report)


def test_an_operation_whose_twin_is_wrong_disagrees():
    class Ops(NumpyOps):
        def backprop_gelu(self, dY, X, inplace=False):
            return 1.01 * super().backprop_gelu(dY, X)

    assert check(adapt.thinc(Ops(), X, op="gelu")).verdict is Verdict.DISAGREES


def test_models_and_operations_are_recognised_at_described_inputs():
    wide = X.astype(float)
    assert recognise(LayerNorm(3), {"X": wide})[0].point["X"].dtype == np.float32
    assert recognise(NumpyOps().gelu, {"X": X})[0].name == "NumpyOps.gelu"
    assert recognise(lambda: Linear(5, 3), {"X": wide})[0].name == "linear"


REFUSED = {
    "no model": (lambda: adapt.thinc(np.tanh, X), "Expected a thinc Model and its one input"),
    "sizes unknown": (lambda: adapt.thinc(Linear(), X), r"linear.W, linear.b got no value: give the sizes"),
    "no twin": (lambda: adapt.thinc(NumpyOps(), X, op="gemm"), "backprop_ twin but got op='gemm'; there are .*gelu"),
    "two inputs": (lambda: recognise(Linear(5, 3), {"X": X, "Y": X}), "takes one input: --input X="),
    "all operations": (lambda: recognise(NumpyOps(), {"X": X}), r"NumpyOps\(\).gelu"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_checked_is_refused_with_what_to_give(case):
    make, message = REFUSED[case]
    with pytest.raises(InputError, match=message):
        make()
