"""Inputs by description are read as they are written, drawn as they are constrained, and refused with a sentence."""

import numpy as np
import pytest

import gradcheck
from gradcheck import InputError
from gradcheck.inputs import CONSTRAINTS, MARK, draw, drawn, parse

READ = {
    "x=8x16": ((8, 16), "float64", ""),
    "w=16x4:float32": ((16, 4), "float32", ""),
    "w=16x4:float32,positive": ((16, 4), "float32", "positive"),
    "p=7:0..1": ((7,), "float64", "unit"),
    "p=7:-1..1": ((7,), "float64", "open"),
    "n=5:<3": ((5,), "int64", "<3"),
    "n=5:int32,<3": ((5,), "int32", "<3"),
    "z=2x3:complex128": ((2, 3), "complex128", ""),
    "t=scalar": ((), "float64", ""),
    "t=():float32": ((), "float32", ""),
    "params.W=3x5": ((3, 5), "float64", ""),
}


@pytest.mark.parametrize("text", READ)
def test_a_description_is_read(text):
    told = parse(text)
    assert (told.name, told.shape, told.dtype, told.constraint) == (text.partition("=")[0], *READ[text])
    assert not told.given


@pytest.mark.parametrize(
    ("text", "value"),
    [("axis==-1", -1), ("k==(2, 3)", (2, 3)), ("mode==mean", "mean"), ("w==None", None), ("eps==1e-5", 1e-5)],
)
def test_two_equals_signs_give_a_value_as_it_is(text, value):
    assert draw(parse(text)) == value


REFUSED = {
    "x": "NAME=SHAPE",
    "3=8x16": "NAME=SHAPE",
    "x y=3": "NAME=SHAPE",
    "x=": "shape of x as 8x16",
    "x=8,16": "x==8,16",
    "x=8x": "shape of x",
    "x=0x3": "sizes from 1",
    "x=-3": "shape of x",
    "x=NaN": "x==NaN",
    "x=3:flaot32": r"dtype \(float64, .*constraint \(positive, .*'flaot32'",
    "x=3:nan": "'nan'",
    "x=3:<0": "'<0'",
    "x=3:<n": "'<n'",
    "x=3:float32,float64": "one dtype for x but got float32 and float64",
    "x=3:positive,unit": "one constraint for x but got positive and unit",
    "x=3x2:spd": "last two axes of x to be square for spd",
    "x=3:spd": "square",
    "x=2x3:orthogonal": "no more columns than rows",
    "x=scalar:sorted": "axis for sorted",
    "x=3:int64,positive": "floating-point dtype of x for positive but got int64",
    "x=3:complex128,unit": "floating-point dtype of x for unit but got complex128",
    "x=3:bool,nonzero": "floating-point dtype",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_cannot_be_read_is_refused_with_what_can(text):
    with pytest.raises(InputError, match=REFUSED[text]):
        parse(text)


def gaps(a):
    flat = np.sort(a, axis=None)
    return np.diff(flat).min()


HOLDS = {
    "positive": lambda a: a.min() >= 0.3 and a.max() <= 3,
    "negative": lambda a: a.max() < 0,
    "unit": lambda a: a.min() >= 0.1 and a.max() <= 0.9,
    "open": lambda a: np.abs(a).max() <= 0.9 and a.min() < 0 < a.max(),
    "nonzero": lambda a: np.abs(a).min() >= 0.3 and a.min() < 0 < a.max(),
    "sorted": lambda a: (np.diff(a, axis=-1) > 0).all(),
    "distinct": lambda a: gaps(a) >= 0.1 - 1e-12,  # the differences are of rounded numbers
    "simplex": lambda a: a.min() > 0 and np.allclose(a.sum(-1), 1, rtol=0, atol=1e-15 * 7),
    "onehot": lambda a: (a.sum(-1) == 1).all() and set(np.unique(a)) == {0.0, 1.0},
    "spd": lambda a: (a == np.swapaxes(a, -1, -2)).all() and np.linalg.eigvalsh(a).min() >= 1 - 1e-12,
    "orthogonal": lambda a: np.allclose(np.swapaxes(a, -1, -2) @ a, np.eye(a.shape[-1]), rtol=0, atol=1e-14),
    "<n": lambda a: a.min() == 0 and a.max() == 3,
}


@pytest.mark.parametrize("constraint", CONSTRAINTS)
def test_every_constraint_holds_for_what_is_drawn(constraint):
    shape = {"spd": "2x5x5", "orthogonal": "2x7x5"}.get(constraint, "11x7")
    array = draw(parse(f"x={shape}:{constraint.replace('<n', '<4')}"))
    assert array.shape == tuple(map(int, shape.split("x")))
    assert HOLDS[constraint](array)


@pytest.mark.parametrize(
    "dtype", ["float64", "float32", "float16", "complex128", "complex64", "int64", "int32", "bool"]
)
def test_every_dtype_is_drawn_and_varies(dtype):
    array = draw(parse(f"x=5x7:{dtype}"))
    assert array.dtype == dtype
    assert len(np.unique(array)) > 1
    assert dtype[:7] != "complex" or np.abs(array.imag).min() > 0


def test_labels_may_be_floats_where_that_is_said():
    labels = draw(parse("y=9:float32,<3"))
    assert labels.dtype == np.float32
    assert set(labels) == {0, 1, 2}


def test_the_numbers_follow_from_name_and_seed():
    assert np.array_equal(draw(parse("x=3x5")), draw(parse("x=3x5")))
    assert not np.array_equal(draw(parse("x=3x5")), draw(parse("y=3x5")))
    assert not np.array_equal(draw(parse("x=3x5"), seed=1), draw(parse("x=3x5"), seed=2))


def test_names_with_dots_make_dictionaries_and_lists():
    texts = ("params.W=3x5", "params.b=5", "layers.0.w=2", "layers.1.w=3", "x=4x3", "n==2")
    made = drawn({d.name: d for d in map(parse, texts)})
    assert {n: v.shape for n, v in made["params"].items()} == {"W": (3, 5), "b": (5,)}
    assert [layer["w"].shape for layer in made["layers"]] == [(2,), (3,)]
    assert made["n"] == 2


@pytest.mark.parametrize("texts", [("p=3", "p.W=3x5"), ("p.W=3x5", "p=3")])
def test_a_name_is_an_array_or_holds_others(texts):
    with pytest.raises(InputError, match="p to be an array or to hold W but not both"):
        drawn({d.name: d for d in map(parse, texts)})


def test_a_mark_keeps_the_thing_and_draws_nests():
    X = np.ones((2, 3))

    @gradcheck.at(x=X, params={"W": "3x5:unit", "rest": ["2", "7"]}, mode="=mean", k=3)
    def f(x, params, mode, k):
        """Stay as it is."""

    made = drawn(getattr(f, MARK))
    assert f.__doc__ == "Stay as it is."
    assert made["x"] is X
    assert made["params"]["W"].shape == (3, 5)
    assert [r.shape for r in made["params"]["rest"]] == [(2,), (7,)]
    assert (made["mode"], made["k"]) == ("mean", 3)


def test_a_mark_that_cannot_be_read_is_refused_where_it_stands():
    with pytest.raises(InputError, match="'3by5'"):
        gradcheck.at(x="3by5")
