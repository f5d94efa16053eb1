"""What a target is called."""

from dataclasses import MISSING, fields, is_dataclass


def label(thing: object, *more: str) -> str:
    """Return "Huber[delta=0.3,sum]": the class, its options other than the defaults, and what else tells it apart."""
    told = list(more)
    if is_dataclass(thing):
        defaults = {f.name: f.default for f in fields(thing) if f.default is not MISSING and f.repr}
        values = {name: getattr(thing, name) for name in defaults}
        told = [_option(name, values[name]) for name in defaults if values[name] != defaults[name]] + told
    return f"{type(thing).__name__}[{','.join(told)}]" if told else type(thing).__name__


def _option(name: str, value: object) -> str:
    """Return an option as briefly as it can be told: "class_weight" for a tuple, "sum" for a word."""
    if isinstance(value, str):
        return value
    return name if isinstance(value, tuple) else f"{name}={value}"
