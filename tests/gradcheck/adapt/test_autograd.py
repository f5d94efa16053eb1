"""HIPS autograd and MyGrad: functions, primitives with a derivative of one's own, complex and constant inputs."""

import numpy as np
import pytest

from gradcheck import TargetError, Verdict, adapt, check
from gradcheck.adapt import importing
from gradcheck.adapt.recognise import recognise

RNG = np.random.default_rng(0)
X, W = RNG.normal(size=(4, 3)), RNG.normal(size=(3, 5))


@pytest.fixture(scope="module")
def anp():
    return pytest.importorskip("autograd.numpy")


def power(factor):
    extend = pytest.importorskip("autograd.extend")

    @extend.primitive
    def power(x, n):
        return x**n

    extend.defvjp(power, lambda ans, x, n: lambda u: factor * n * x ** (n - 1) * u, None)
    return power


def test_a_function_of_several_inputs_agrees(anp):
    target = adapt.autograd(lambda x, W, n: anp.tanh(x @ W) ** n, X, W, 2)
    assert target.point.names == ("x", "W", "n")
    report = check(target)
    assert report.ok
    assert {f.wrt for f in report.findings if f.wrt} == {"x", "W"}


def test_a_primitive_is_called_by_its_own_name_and_its_mistake_is_found():
    target = adapt.autograd(power(1.0), X, 3)
    assert (target.name, target.point.names) == ("power", ("x", "n"))
    assert target.source[0] == __file__
    assert check(target).ok
    assert check(adapt.autograd(power(0.5), X, 3)).culprits == (("power", "x"),)


def test_complex_gradients_follow_our_convention(anp):
    z = X + 1j * X[::-1]
    assert check(adapt.autograd(lambda z: anp.sin(z) * anp.conj(z), z)).ok
    assert check(adapt.autograd(lambda z: anp.fft.fft(z), z)).ok


def test_several_outputs_of_unequal_shapes_agree(anp):
    symmetric = X.T @ X
    target = adapt.autograd(lambda a: anp.linalg.eigh((a + a.T) / 2), symmetric, name="eigh")
    assert check(target).ok


def test_functions_of_autograd_are_recognised(anp):
    (target,) = recognise(power(1.0), {"x": X, "n": 3})
    assert target.name == "power"
    assert check(target, effort="quick").ok


def test_mygrads_tensors_agree_and_a_mistake_is_found():
    mygrad = pytest.importorskip("mygrad")
    target = adapt.mygrad(lambda x, W, k: mygrad.matmul(mygrad.tanh(x), W) * k, X, W, 3)
    assert target.point.names == ("x", "W", "k")
    assert check(target).ok

    class Twice(mygrad.operation_base.Operation):
        def __call__(self, x):
            self.variables = (x,)
            return 2 * x.data

        def backward_var(self, grad, index, **_):
            return 3 * grad

    def twice(x):
        return mygrad.Tensor._op(Twice, x)

    assert check(adapt.mygrad(twice, X)).verdict is Verdict.DISAGREES
    assert recognise(twice, {"x": X})[0].name == "twice"


def test_a_library_that_is_not_installed_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "autograd.core", None)
    monkeypatch.setitem(__import__("sys").modules, "autograd", None)
    with pytest.raises(TargetError, match=r"adapt.autograd needs autograd, which is not installed here: pip install"):
        importing.library("autograd.core", "autograd")
