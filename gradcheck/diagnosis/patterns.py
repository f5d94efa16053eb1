"""The mistakes that a diagnosis can name: slug -> what it means, how it is recognised, what to do."""

from __future__ import annotations

__all__ = ["PATTERNS"]

PATTERNS: dict[str, str] = {
    "factor": "Claimed is one constant times measured, at every entry, cotangent and point that was tried. The message "
    "says where the constant may come from: the batch, a size, 2, ½, n/(n−1); where the batch can be cut, the "
    "constant was measured again on fewer rows, so that a size is told from a number that happens to equal it.",
    "sign": "Claimed is −1 times measured, everywhere.",
    "zero": "Claimed is exactly zero where the derivative is not: a gradient that was never filled in, or a "
    "path that was "
    "taken for a constant.",
    "mean_for_sum": "Claimed is the measured derivative divided by the number of samples (or of steps, of "
    "positions): a "
    "mean stands where a pullback sums. A loss may average; the pullback of a layer never does.",
    "sum_for_mean": "Claimed is the measured derivative times the number of entries: the forward averages, the "
    "backward "
    "forgets to divide.",
    "transposed": "Claimed is the measured derivative with two axes exchanged, or the Jacobian itself is transposed "
    "(dy W where dy Wᵀ belongs). A square weight hides it from every check of shapes.",
    "permuted": "Claimed holds the right numbers in a wrong order: an axis reversed, a wrong memory order in a "
    "reshape, gates or heads exchanged; or it is the derivative for another input reversed, as when a kernel is not "
    "turned.",
    "shift": "Claimed holds the right numbers one place further along an axis: padding, a window or a time step "
    "off by one.",
    "swapped": "The gradients of two inputs of equal shape are handed over the wrong way round.",
    "missing_sum": "Only some of the samples, steps or positions that share an entry reach its gradient: a sum over a "
    "broadcast axis is left out.",
    "overwritten_repeats": "Where an index occurs several times only one occurrence counts: g[i] = v overwrites, "
    "np.add.at(g, i, v) accumulates.",
    "diagonal": "Only the diagonal of the Jacobian is there: the function was taken for an elementwise one, as when "
    "softmax is given the derivative s (1 − s).",
    "identity": "The pullback hands the cotangent on as it is, and the function is not the identity: the "
    "derivative was "
    "left out, or is left to a neighbour (a softmax fused with its loss, a branch of a residual block).",
    "missing_term": "One term of the derivative is missing, and the message says which: the path through the "
    "mean or the "
    "variance of a normalisation, the skip of a residual block, a regulariser, a half of a cross-entropy; or a term "
    "that is linear in the block, of which only that is known.",
    "extra_term": "The pullback adds something that does not come from the cotangent, such as a weight decay "
    "that belongs "
    "to the optimiser.",
    "missing_factor": "Claimed is measured divided by a quantity of the point (an input, an output, a power of "
    "them): a "
    "factor of the chain rule was left out.",
    "extra_factor": "Claimed is measured times a quantity of the point: a factor of the chain rule was applied twice.",
    "wrong_function": "Claimed is a simple function of the point, told in the message, that is not the derivative: "
    "another function's, or one that was written down wrongly.",
    "mask": "Right or zero, entry by entry, and the zeros are in the wrong places: the mask of a ReLU, a dropout or a "
    "maximum was left out or taken from another array.",
    "wrong_argument": "The right derivative at a wrong place: of the output where the input belongs, of x where the "
    "pre-activation belongs, with an input left out or replaced by another.",
    "stale_cache": "The pullback belongs to an earlier forward: what it needs was kept from another call.",
    "truncated_time": "The derivative is right for short distances in time (or along a sequence) and missing or wrong "
    "beyond: the path through the recurrence is cut, or what is carried along it is wrong.",
    "saturation": "Wrong only where the function saturates, beyond a threshold of its input, of another input, or of a "
    "difference of two.",
    "one_side": "Wrong only where an input (or a difference of two) is positive, negative, or within a threshold, by "
    "one factor or a sign: the slope of that side.",
    "part": "A contiguous part of an axis is wrong, the rest right.",
    "offset": "The gap is one and the same number along an axis: a constant term is off.",
    "wrong_term": "One term of the derivative is there and has a wrong constant, such as n − 1 for n; the "
    "message says which.",
    "regulariser": "The gap is a multiple of the block itself (or of its signs): the derivative of a penalty is "
    "left out, or has "
    "another constant.",
    "one_entry": "A single entry is wrong.",
    "one_row": "One row, the entries of one index of the first axis, is wrong.",
    "one_channel": "One column or channel, the entries of one index of a later axis, is wrong.",
    "one_gate": "One aligned third or quarter of an axis is wrong: one gate of an LSTM or GRU.",
    "boundary": "Wrong exactly at the first and last places of an axis: padding, or the end of a stencil.",
    "alternating": "Every other entry is off by the opposite amount: no direction with all its parts of one "
    "sign sees it.",
    "averaged": "Every entry is the mean of the right ones.",
    "clipped": "Right while the numbers are small and bounded beyond: a clip of values or of the norm sits in "
    "the pullback. "
    "Clipping belongs to the optimiser.",
    "low_precision": "Right up to the rounding of a lower precision: a float32 somewhere inside, or rounded constants.",
    "cotangent_ignored": "The pullback gives the same gradients whatever cotangent it is handed: it is right "
    "for a loss at "
    "the very end only.",
    "cotangent_nonlinear": "The pullback is not linear in its cotangent; it pulls back its square, its absolute "
    "value or its direction, or takes a mask from it.",
    "split": "Two neighbours share a convention: neither derivative is right taken alone, their product is right up to "
    "the factor that the message names, as when a loss leaves the division by the batch to the layers.",
    "wiring": "Every layer's own derivative is right, and what the model makes of them is not: between the two "
    "layers named "
    "a gradient is dropped, added twice, or handed to the wrong layer, or a layer is given another's cache.",
}
