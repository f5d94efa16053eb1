"""Save and load the parameters of a model: an npz file of plain arrays, without pickle."""

import os
import tempfile
from pathlib import Path

import numpy as np

from netcore.layers.sequential import join, part
from netcore.model import Model


def save(path: str | os.PathLike[str], model: Model) -> None:
    """Write the parameters, "0.W" for "W" of layer 0, to a file that is complete whenever it can be seen.

    It is written beside its place and then renamed into it, so that a crash leaves the old file or the new one.
    """
    path = Path(path)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            np.savez(file, **join(model.params))  # type: ignore[arg-type]  # its stub takes no mapping of arrays
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def load(path: str | os.PathLike[str], model: Model) -> None:
    """Read the parameters of a model of the same layers; the model takes the dtypes of the file.

    Raises:
        ValueError: the file has other names or shapes than the model; the model is left as it was.
    """
    with np.load(path, allow_pickle=False) as file:
        found = {name: file[name] for name in file.files}
    due = {name: array.shape for name, array in join(model.params).items()}
    shapes = {name: array.shape for name, array in found.items()}
    for name in sorted(due.keys() | shapes.keys()):
        if due.get(name) != shapes.get(name):
            raise ValueError(
                f"Expected {name} of shape {due.get(name, 'none')} in {os.fspath(path)!r} "
                f"but got {shapes.get(name, 'no such array')}"
            )
    model.params = [part(found, i) for i in range(len(model.layers))]
