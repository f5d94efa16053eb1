"""Dtypes of gradients where inputs and outputs are not of one: what may widen, and what is wrong all the same."""

import numpy as np
import pytest

from gradcheck import Verdict, adapt, check

RNG = np.random.default_rng(5)
X, Y = RNG.normal(size=(3, 4)), RNG.normal(size=(3, 4)) + 1j * RNG.normal(size=(3, 4))
THIRD = np.float64(0.3)  # of numpy, so that float32 times it is float64


def scaled(pull):
    return check(adapt.vjp(lambda x: x * THIRD, lambda i, u: (pull(u),), X.astype(np.float32), name="scaled"))


def test_a_gradient_may_be_as_wide_as_the_outputs_that_the_forward_widens_to():
    assert scaled(lambda u: u * THIRD).verdict is Verdict.AGREES
    assert scaled(lambda u: (u * THIRD).astype(np.float32)).verdict is Verdict.AGREES


@pytest.mark.parametrize("pull", [lambda u: 1.001 * u * THIRD, lambda u: (u * THIRD).astype(np.float16)])
def test_a_widened_gradient_that_is_off_or_narrower_than_its_input_is_told(pull):
    assert scaled(pull).verdict.wrong


def test_a_wider_gradient_of_a_forward_that_keeps_its_dtype_is_malformed():
    half = adapt.vjp(lambda x: x * np.float32(0.5), lambda i, u: (u * np.float64(0.5),), X.astype(np.float32))
    assert check(half).verdict is Verdict.MALFORMED


@pytest.mark.parametrize(("part", "right"), [(np.real, True), (np.asarray, False)], ids=["real part", "complex"])
def test_a_real_input_beside_a_complex_one_has_a_real_gradient(part, right):
    def vjp(inputs, u):
        return part(u * np.conj(inputs[1])), u * inputs[0]

    report = check(adapt.vjp(lambda x, y: x * y, vjp, X, Y, name="product"))
    assert report.ok is right
    assert right or any(f.check == "contract.dtype" and f.wrt == "x" for f in report.findings if f.verdict.wrong)


@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.bool_])
def test_whole_numbers_for_a_gradient_are_malformed_and_raise_nothing(dtype):
    report = check(adapt.vjp(np.square, lambda i, u: ((2 * u * i[0]).astype(dtype),), X, names=("x",), name="square"))
    assert report.verdict is Verdict.MALFORMED
    assert {f.check for f in report.findings if f.verdict.wrong} == {"contract.dtype"}
