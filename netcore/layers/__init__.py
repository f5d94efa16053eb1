"""Layers: frozen dataclasses with init, forward and backward, one subject a file.

Images are (batch, channels, height, width), sequences (batch, time, features).
"""

from netcore.layers.attention import Attention
from netcore.layers.avg_pool import AvgPool2d
from netcore.layers.batch_norm import BatchNorm
from netcore.layers.bidirectional import Bidirectional
from netcore.layers.conv import Conv1d, Conv2d
from netcore.layers.conv_transpose import ConvTranspose2d
from netcore.layers.dense import Dense
from netcore.layers.dropout import Dropout
from netcore.layers.embedding import Embedding
from netcore.layers.graph import Graph, Node
from netcore.layers.group_norm import GroupNorm, InstanceNorm
from netcore.layers.gru import GRU
from netcore.layers.layer_norm import LayerNorm, RMSNorm
from netcore.layers.lstm import LSTM
from netcore.layers.max_pool import MaxPool2d
from netcore.layers.merge import Add, Concatenate, Residual
from netcore.layers.multi_head import MultiHeadAttention
from netcore.layers.positions import LearnedPositions, SinePositions
from netcore.layers.rnn import RNN
from netcore.layers.rotary import Rotary
from netcore.layers.sequential import Sequential
from netcore.layers.shape import Flatten, Pad, Permute, Reshape, Upsample
from netcore.layers.transformer import TransformerBlock

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "Add",
    "Attention",
    "AvgPool2d",
    "BatchNorm",
    "Bidirectional",
    "Concatenate",
    "Conv1d",
    "Conv2d",
    "ConvTranspose2d",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "Graph",
    "GroupNorm",
    "InstanceNorm",
    "LayerNorm",
    "LearnedPositions",
    "MaxPool2d",
    "MultiHeadAttention",
    "Node",
    "Pad",
    "Permute",
    "RMSNorm",
    "Reshape",
    "Residual",
    "Rotary",
    "Sequential",
    "SinePositions",
    "TransformerBlock",
    "Upsample",
]
