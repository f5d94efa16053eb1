"""Put rules of the population before the checker."""

import numpy as np

import gradcheck
from gradcheck import adapt


def label(rule):
    return rule.name


def is_border(rule):
    return rule.note.startswith("border:")


def target(rule, seed):
    """The rule at a point drawn from the seed."""
    inputs = rule.draw(np.random.default_rng([seed, 17]))
    return adapt.vjp(rule.forward, rule.vjp, *inputs, names=rule.names, name=rule.name)


def verdict(rule, seed):
    return gradcheck.check(target(rule, seed), seed=seed)
