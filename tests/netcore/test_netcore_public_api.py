"""What is public, listed a second time."""

import doctest
import importlib
import pkgutil
import subprocess
import sys

import numpy as np
import pytest

import netcore

PUBLIC = """
    Activation Layer Loss
    ACTIVATIONS INITIALISERS LOSSES
    CELU ELU Exp GELU GELUTanh HardSigmoid HardSwish HardTanh Identity LeakyReLU Mish ReLU SELU SiLU Sigmoid Softplus
    Softsign Tanh
    GLU LogSoftmax Maxout Softmax SwiGLU
    CTC Contrastive Cosine CrossEntropy Focal Hinge Huber KL LogCosh LogLoss LogLossWithLogits MAE MSE NLL Poisson
    Quantile SmoothL1 SquaredHinge Weighted
    Add AvgPool2d BatchNorm Concatenate Conv1d Conv2d ConvTranspose2d Dense Dropout Embedding Flatten GroupNorm
    Attention MultiHeadAttention Rotary SinePositions LearnedPositions TransformerBlock
    Bidirectional GRU LSTM RNN
    InstanceNorm LayerNorm MaxPool2d Pad Permute RMSNorm Reshape Residual Sequential Upsample
    Graph Node
    OPTIMISERS SGD Adam AdamW CosineDecay ExponentialDecay Optimiser RMSProp StepDecay Warmup clip_by_norm
    History Hook Model fit load save
    gradcheck_targets
"""


def test_the_public_names_are_these():
    assert sorted(netcore.__all__) == sorted(PUBLIC.split())


def test_everything_public_has_a_docstring():
    assert [name for name in netcore.__all__ if not getattr(netcore, name).__doc__] == []


def modules():
    names = [found.name for found in pkgutil.walk_packages(netcore.__path__, "netcore.")]
    return [netcore, *(importlib.import_module(name) for name in names if not name.endswith("__main__"))]


@pytest.mark.parametrize("module", modules(), ids=lambda m: m.__name__)
def test_the_examples_run(module):
    """They may name anything public, and numpy as np."""
    assert doctest.testmod(module, extraglobs={**vars(netcore), "np": np}).failed == 0


def test_whatever_can_be_built_or_called_has_an_example():
    protocols = {"Activation", "Layer", "Loss", "Optimiser"}
    registries = {"ACTIVATIONS", "INITIALISERS", "LOSSES", "OPTIMISERS"}
    others = {"History", "Hook", "Node", "gradcheck_targets", "load", "save"}  # in those of fit and Graph, and in tests
    without = {name for name in netcore.__all__ if ">>>" not in (getattr(netcore, name).__doc__ or "")}
    assert without <= protocols | registries | others


def test_importing_netcore_imports_neither_the_checker_nor_anything_for_pictures():
    heavy = ("gradcheck", "rich", "click", "torch", "sklearn", "netcore.audit")
    code = f"import sys, netcore; print([m for m in {heavy} if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
