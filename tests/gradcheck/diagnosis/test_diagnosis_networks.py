"""Whose backward is wrong: networks with faults planted in their layers, in their loss and between them."""

import numpy as np
import pytest

import gradcheck
import netcore
from gradcheck import Verdict, adapt
from tests.planted.branches import BRANCHES
from tests.planted.branches import RIGHT as JOINED
from tests.planted.judging import MISNAMED, SAID, UNNAMED, blamed, names
from tests.planted.models import networks, plants
from tests.planted.notebook import Model as Notebook
from tests.planted.notebook import X, Y
from tests.planted.wirings import SOUND, WIRINGS
from tests.planted.wirings import X as WX
from tests.planted.wirings import Y as WY

RIGHT = list(networks())
ONE, TWO, THREE = (list(plants(count, wanted)) for count, wanted in ((1, 140), (2, 40), (3, 30)))
ALL = WIRINGS + BRANCHES
FEW = ALL[4::10] + BRANCHES[5:6]


def holds(plant):
    found, report = blamed(plant.targets())
    assert found == plant.culprits, f"{plant}\n{report}"
    judged = list(names(plant, report))
    assert not [j for j in judged if j[1] in (MISNAMED, SAID, UNNAMED)], f"{plant}: {judged}\n{report}"


@pytest.mark.parametrize("network", RIGHT[::9], ids=lambda n: n.name)
def test_a_right_network_has_no_culprit(network):
    report = gradcheck.check(network.targets())
    assert report.verdict in (Verdict.AGREES, Verdict.KINK), str(report)
    assert report.culprits == ()


@pytest.mark.parametrize("plant", ONE[3::36], ids=str)
def test_one_fault_is_found_and_named(plant):
    holds(plant)


@pytest.mark.parametrize("plant", [TWO[4], THREE[2]], ids=str)
def test_two_and_three_faults_are_found_and_named(plant):
    holds(plant)


@pytest.mark.parametrize(("name", "make", "culprits"), FEW, ids=[w[0] for w in FEW])
def test_a_fault_between_right_layers_is_told_at_its_place(name, make, culprits):
    found, report = blamed(adapt.model(make(), WX, WY))
    assert found == set(culprits), str(report)


@pytest.mark.parametrize(("name", "make"), SOUND + JOINED, ids=[s[0] for s in SOUND + JOINED])
def test_right_wirings_by_hand_have_no_culprit(name, make):
    assert blamed(adapt.model(make(), WX, WY))[0] == set()


@pytest.mark.parametrize(("outputs", "factor", "seed"), [(1, 0.5, 2), (2, 1.0, 6), (3, 1.5, 7)])
def test_the_notebooks_split_convention_is_one_finding_with_what_remains(outputs, factor, seed):
    """Its loss leaves out 2/(batch · outputs), its layers divide by the batch: outputs / 2 remains.

    With these seeds no output is dead.
    """
    model = Notebook([3, 4, outputs], seed=seed)
    report = gradcheck.check(adapt.model(model, X.astype(float), Y[:, :1].repeat(outputs, 1) * 1.0))
    [split] = [f for f in report.findings if f.check == "model.split"]
    assert split.factor == pytest.approx(factor, rel=1e-6)
    assert split.pattern == "split"
    rows = [f for f in report.findings if f.verdict.wrong and f.role == "local" and f.wrt and f is not split]
    assert rows
    assert all(f.part_of == split.id for f in rows)


class Handed(netcore.Softmax):
    """A softmax that leaves its derivative to its loss."""

    def backward(self, params, cache, dy):
        return dy, {}


class Fused:
    """The cross entropy of probabilities, with the derivative by the scores before their softmax."""

    def __call__(self, y, p):
        return -np.mean(np.sum(y * np.log(p), axis=1))

    def grad(self, y, p):
        return (p - y) / len(y)


def test_a_softmax_fused_with_its_loss_is_one_finding():
    model = netcore.Model([netcore.Dense(3, 4, initialiser="glorot"), Handed()], loss="mse", seed=1)
    model.loss = Fused()
    report = gradcheck.check(adapt.model(model, WX, np.eye(4)[[0, 2, 1, 3, 2]]))
    [split] = [f for f in report.findings if f.check == "model.split"]
    assert split.factor == pytest.approx(1.0)
    assert all(
        f.part_of == split.id for f in report.findings if f.verdict.wrong and f.role == "local" and f is not split
    )


class Closed:
    """A model that shows its parameters and gradients, and none of its layers."""

    def __init__(self, model, spoiled):
        self.inner, self.spoiled = model, spoiled
        self.loss, self.params = model.loss, model.params

    def forward(self, x):
        self.inner.params = self.params
        return self.inner.forward(x)

    def backward(self, y, y_hat):
        self.inner.backward(y, y_hat)
        self.grads = [
            {n: 2 * g if i <= self.spoiled else g for n, g in grads.items()} for i, grads in enumerate(self.inner.grads)
        ]


def test_of_a_closed_model_the_first_block_from_the_loss_is_blamed():
    found, report = blamed(adapt.model(Closed(SOUND[0][1](), 2), WX, WY))
    assert {layer for layer, _ in found} == {"block 2"}, str(report)


@pytest.mark.slow
@pytest.mark.parametrize("network", RIGHT, ids=lambda n: n.name)
def test_no_right_network_has_a_culprit(network):
    assert blamed(network.targets())[0] == set()


@pytest.mark.slow
@pytest.mark.parametrize("plant", ONE + TWO + THREE, ids=str)
def test_every_planted_fault_is_found_and_named(plant):
    holds(plant)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "make", "culprits"), ALL, ids=[w[0] for w in ALL])
def test_every_wiring_fault_is_told_at_its_place(name, make, culprits):
    assert blamed(adapt.model(make(), WX, WY))[0] == set(culprits)
