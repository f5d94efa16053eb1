"""Graphs: branches, shared parameters, integers, and what is refused."""

import numpy as np
import pytest
from netcore_oracles import assert_pullback

from netcore import Add, BatchNorm, Concatenate, Dense, Embedding, Graph, Node, Sequential, Tanh

RNG = np.random.default_rng(61)


def drawn(layer):
    return {k: v + 0.2 * RNG.normal(size=v.shape) for k, v in layer.init(RNG).items()}


def test_a_chain_is_a_sequential():
    chain = Graph([Node("a", Dense(3, 4)), Node("b", Tanh(), "a"), Node("c", Dense(4, 2), "b")])
    params, x = drawn(chain), RNG.normal(size=(5, 3))
    assert list(params) == ["a.W", "a.b", "c.W", "c.b"]
    renamed = {k.replace("a.", "0.").replace("c.", "2."): v for k, v in params.items()}
    sequential = Sequential([Dense(3, 4), Tanh(), Dense(4, 2)])
    np.testing.assert_array_equal(chain.forward(params, x)[0], sequential.forward(renamed, x)[0])
    assert_pullback(chain, params, x)


def test_the_derivatives_of_all_users_of_a_node_add_up():
    graph = Graph(
        [
            Node("a", Dense(3, 3)),
            Node("b", Tanh(), "a"),
            Node("c", Concatenate(), ("a", "b", "a", "x")),
            Node("d", Dense(12, 2), "c"),
        ]
    )
    assert_pullback(graph, drawn(graph), RNG.normal(size=(4, 3)))


def test_shared_parameters_are_there_once_and_their_gradients_add_up():
    graph = Graph([Node("a", Dense(3, 3)), Node("b", Tanh(), "a"), Node("c", Dense(3, 3), "b", shares="a")])
    params = drawn(graph)
    assert list(params) == ["a.W", "a.b"]
    assert_pullback(graph, params, RNG.normal(size=(4, 3)))


def test_a_node_that_nobody_uses_has_zero_gradients():
    graph = Graph([Node("a", Dense(3, 2)), Node("unused", Dense(3, 4)), Node("end", Tanh(), "a")])
    params, x = drawn(graph), RNG.normal(size=(4, 3))
    y, cache = graph.forward(params, x)
    _, grads = graph.backward(params, cache, np.ones_like(y))
    assert not np.any(grads["unused.W"])
    assert_pullback(graph, params, x)


def test_an_input_that_only_feeds_integers_has_no_derivative():
    graph = Graph([Node("a", Embedding(7, 3)), Node("b", Embedding(7, 3)), Node("end", Add(), ("a", "b"))])
    assert_pullback(graph, drawn(graph), np.array([[1, 2, 2], [0, 6, 1]]))


def test_the_running_statistics_of_a_node_are_refreshed():
    graph = Graph([Node("norm", BatchNorm(3)), Node("end", Dense(3, 2), "norm")])
    params = graph.init(RNG)
    _, cache = graph.forward(params, RNG.normal(2, 1, size=(50, 3)), rng=RNG)
    moved = graph.refresh(params, cache)
    assert sorted(moved) == ["norm.running_mean", "norm.running_var"]
    np.testing.assert_allclose(moved["norm.running_mean"], 0.2, atol=0.1 * 5 / 50**0.5)


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ([], r"at least one node"),
        ([Node("x", Tanh())], r"each once and not 'x', but got name='x'"),
        ([Node("a.b", Tanh())], r"names without a dot"),
        ([Node("a", Tanh()), Node("a", Tanh())], r"each once and not 'x', but got name='a'"),
        ([Node("a", Tanh(), "b")], r"Expected inputs of 'a' among \['x'\] but got 'b'"),
        ([Node("a", Dense(2, 2), shares="b")], r"Expected 'a' to share with one of \[\] but got shares='b'"),
    ],
)
def test_nodes_that_make_no_graph_are_refused(nodes, message):
    with pytest.raises(ValueError, match=message):
        Graph(nodes)


def test_several_inputs_are_refused():
    with pytest.raises(ValueError, match=r"Expected one array for a graph but got a tuple of 2"):
        Graph([Node("a", Add())]).forward({}, (np.ones((2, 3)), np.ones((2, 3))))
