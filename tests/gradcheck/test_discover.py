"""Dictionaries become targets: the keys are the adapter's arguments."""

import numpy as np
import pytest

from gradcheck import adapt
from gradcheck.compare import Verdict
from gradcheck.discover import discover, targets_of
from gradcheck.errors import TargetError

X = np.array([[0.3, -1.2, 2.0], [0.7, 0.1, -0.4]])


def test_an_adapter_with_open_keywords_takes_any_and_needs_none(monkeypatch):
    """As thinc's, whose operations take axis=, nW=, ...; a stand-in, so that thinc need not be there."""

    def stand_in(model, *inputs, name=None, **keywords):
        factor = keywords.get("factor", 1.0)
        return adapt.vjp(lambda x: factor * x, lambda inputs, u: (factor * u,), *inputs, name=name)

    monkeypatch.setattr(adapt, "thinc", stand_in)
    entry = {"adapt": "thinc", "name": "plain", "model": None, "inputs": X}
    plain, tripled = targets_of([entry, {**entry, "name": "tripled", "factor": 3.0}])
    assert np.array_equal(plain.forward(X), X)
    assert np.array_equal(tripled.forward(X), 3.0 * X)
    with pytest.raises(TargetError, match=r"adapt\.thinc needs 'model'; it takes model, inputs, name"):
        targets_of([{"adapt": "thinc", "inputs": X}])


def test_other_adapters_take_what_they_name_only():
    entry = {"adapt": "activation", "act": np.sin, "x": X, "factor": 3.0}
    with pytest.raises(TargetError, match=r"adapt\.activation takes no 'factor'"):
        targets_of([entry])


def test_a_backward_that_raises_while_its_target_is_made_stops_no_other(tmp_path, monkeypatch):
    (tmp_path / "crossed.py").write_text(
        "import numpy as np\n"
        "class Dense:\n"
        "    def __init__(self): self.W = np.arange(1.0, 13.0).reshape(4, 3) / 7\n"
        "    def forward(self, x): self.x = x; return x @ self.W\n"
        "    def backward(self, dy): self.dW = self.x.T @ dy; return dy @ self.W.T\n"
        "class Crossed(Dense):\n"
        "    def backward(self, dy): self.dW = self.x.T @ dy; return dy @ self.W\n"
        "def gradcheck_targets():\n"
        "    x = np.random.default_rng(1).normal(size=(5, 4))\n"
        "    yield {'adapt': 'object', 'thing': Crossed(), 'inputs': (x,)}\n"
        "    yield {'adapt': 'object', 'thing': Dense(), 'inputs': (x,)}\n"
    )
    monkeypatch.chdir(tmp_path)
    told = discover(["crossed.py"])
    assert [item.target.name for item in told.items] == ["Dense"]
    (finding,) = told.findings
    assert (finding.check, finding.verdict, finding.target) == ("audit.adapt", Verdict.RAISED, "Crossed")
    assert "Crossed.backward raised ValueError" in finding.message
    assert "crossed.py:7" in finding.message
