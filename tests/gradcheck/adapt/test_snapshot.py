"""Copies of one object, many and quickly: like deep copies, of what the object was when the first was asked for."""

import copy
import threading

import numpy as np
import pytest

import netcore
from gradcheck.adapt.snapshot import copier


class Kept:
    """With what models hold: arrays, generators, functions without a name, methods of their own, classes of a test."""

    def __init__(self):
        self.W = np.arange(6.0).reshape(2, 3)
        self.alias = self.W
        self.rng = np.random.default_rng(4)
        self.act = lambda x: 2 * x
        self.again = self.total
        self.kind = type("Local", (), {})
        self.inner = [{"b": np.ones(3)}, netcore.Dense(3, 5)]
        self.library = np

    def total(self):
        return float(self.W.sum())


def test_a_copy_shares_no_array_and_keeps_what_is_one_in_two_places():
    thing = Kept()
    made = copier(thing)()
    made.W[0, 0] = 100
    made.inner[0]["b"][0] = 100
    assert thing.W[0, 0] == 0
    assert thing.inner[0]["b"][0] == 1
    assert made.alias is made.W
    assert made.act is thing.act
    assert made.kind is thing.kind
    assert made.again() == made.total() == 115  # a method of the copy, not of the original


def test_copies_are_of_the_same_moment_and_apart_from_each_other():
    thing = Kept()
    make = copier(thing)
    first = make()
    first.rng.normal()
    thing.W += 1
    thing.rng.normal(size=7)
    second = make()
    assert np.array_equal(second.W, np.arange(6.0).reshape(2, 3))
    assert second.rng.normal() == np.random.default_rng(4).normal()


def test_what_is_spared_is_shared():
    thing = Kept()
    made = copier(thing, [thing.W, thing.inner[1]])()
    assert made.W is thing.W
    assert made.inner[1] is thing.inner[1]
    assert made.inner[0] is not thing.inner[0]


class Own:
    def __init__(self, number):
        self.number = number

    def __deepcopy__(self, memo):
        return Own(self.number + 1)


def test_an_object_that_says_how_it_is_copied_is_copied_so():
    make = copier([Own(1)])
    assert make()[0].number == copy.deepcopy([Own(1)])[0].number == 2


def test_what_cannot_be_copied_is_told_when_a_copy_is_asked_for():
    make = copier({"lock": threading.Lock()})
    with pytest.raises(TypeError, match="lock"):
        make()
