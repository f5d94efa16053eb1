"""What a target is called."""

from dataclasses import MISSING, fields, is_dataclass


def label(thing: object, *more: str) -> str:
    """Return "Huber[delta=0.3,sum]": the class, its options other than the defaults, and what else tells it apart."""
    told = list(more)
    if is_dataclass(thing):
        defaults = {f.name: f.default for f in fields(thing) if f.default is not MISSING and f.repr}
        values = {name: getattr(thing, name) for name in defaults}
        told = [f"{name}={_short(values[name])}" for name in defaults if values[name] != defaults[name]] + told
    return f"{type(thing).__name__}[{','.join(told)}]" if told else type(thing).__name__


def _short(value: object) -> str:
    return str(value).replace(" ", "").replace("'", "")
