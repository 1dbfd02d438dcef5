"""A model built anew with another head, holding the same weights everywhere else."""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from twinhead.errors import InputError
from twinhead.models.backend import keras
from twinhead.models.heads import Swap
from twinhead.models.reading import RESHAPES, Reading, activation, graph, inner
from twinhead.training.isometric import Isometric

FLOATS = ("float", "bfloat", "mixed_")


@dataclass
class Rebuilt:
    """A model built anew.

    Attributes:
        layers: layer as it was -> layer as it is; models inside a model are not among them.
    """

    model: Any
    layers: list[tuple[Any, Any]] = field(default_factory=list)

    def variables(self) -> list[tuple[Any, Any]]:
        """Return (variable as it was, as it is) of all that kept their shape."""
        return [
            (old, new)
            for before, now in self.layers
            for old, new in zip(before.variables, now.variables, strict=True)
            if old.shape == new.shape
        ]


def rebuild(
    model: Any, changed: Mapping[int, Callable[[Any], Any]], dtype: str | None = None
) -> Rebuilt:
    """Build a model anew, with some layers made otherwise.

    It is not compiled. Generators of dropout masks are in the state that the old model's are in,
    so both draw the same masks from here on.

    Args:
        changed: id of a layer -> what makes the new one of the old one. Its weights are not set.
        dtype: what all layers shall store and compute in; as they are if left out.
    Raises:
        InputError: a layer cannot be built from its own configuration.
    """
    built = Rebuilt(None)

    def clone(layer: Any) -> Any:
        make = changed.get(id(layer), lambda old: _from_config(old, dtype))
        try:
            new = make(layer)
        except InputError:
            raise
        except Exception as error:
            raise InputError(
                f"{layer.name}: a {type(layer).__name__} that cannot be built from its own "
                f"configuration ({_line(error)}); expected one that can"
            ) from error
        if isinstance(layer, keras.layers.Layer):  # Or an operation of keras.ops.
            built.layers.append((layer, new))
        return new

    # A functional graph keeps the masks of its first call among the arguments; the layers hand
    # them on by themselves.
    def call(layer: Any, *inputs: Any, mask: Any = None, **options: Any) -> Any:
        return layer(*inputs, **options)

    sequential = isinstance(model, keras.Sequential)
    try:
        with _uncompiled(model):
            built.model = keras.models.clone_model(
                model,
                input_tensors=None if sequential else keras.tree.map_structure(_input, model.input),
                clone_function=clone,
                call_function=None if sequential else call,
                recursive=True,
            )
    except InputError:
        raise
    except Exception as error:  # Whatever a user's own layers, losses or graphs may raise.
        raise InputError(
            f"{model.name}: cannot be built anew from its configuration ({_line(error)})"
        ) from error
    for before, now in built.layers:
        if id(before) not in changed:
            _copy(before, now)
    for before, now in zip(inner(model), inner(built.model), strict=True):
        if isinstance(before, keras.Model):
            now._trainable = before._trainable  # Set by itself it would set all layers inside.
    return built


def _input(tensor: Any) -> Any:
    """Return an input of the same name: Keras names a clone's after tensors, not layers."""
    layer = tensor._keras_history.operation
    like = keras.KerasTensor(
        tensor.shape, tensor.dtype, tensor.sparse, tensor.ragged, name=tensor.name
    )
    return keras.Input(tensor=like, name=layer.name, optional=layer.optional)


@contextmanager
def _uncompiled(model: Any) -> Iterator[None]:
    """Keep Keras from compiling a clone, for a head that it has no longer."""
    models = [each for each in inner(model, with_itself=True) if getattr(each, "compiled", False)]
    for each in models:
        each.compiled = False
    try:
        yield
    finally:
        for each in models:
            each.compiled = True


def _line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), repr(error))


def _from_config(layer: Any, dtype: str | None) -> Any:
    config = layer.get_config()
    return type(layer).from_config(_in(config, dtype) if dtype else config)


def _in(config: Any, dtype: str) -> Any:
    """Return a configuration in which every layer stores and computes in `dtype`."""
    if isinstance(config, dict):
        return {
            key: dtype if key == "dtype" and _is_float(value) else _in(value, dtype)
            for key, value in config.items()
        }
    return [_in(each, dtype) for each in config] if isinstance(config, list | tuple) else config


def _is_float(policy: Any) -> bool:
    name = policy["config"].get("name", "") if isinstance(policy, dict) else policy
    return isinstance(name, str) and name.startswith(FLOATS)


def _copy(before: Any, now: Any) -> None:
    try:
        for old, new in zip(before.variables, now.variables, strict=True):
            new.assign(old)
        if hasattr(before, "save_assets"):
            # A vocabulary that was learnt lies in no variable.
            with tempfile.TemporaryDirectory() as folder:
                before.save_assets(folder)
                now.load_assets(folder)
        if hasattr(now, "finalize_state"):
            now.finalize_state()
    except ValueError as error:
        raise InputError(
            f"{before.name}: a {type(before).__name__} whose copy has other weights "
            f"({_line(error)}); expected as many, of the same shapes"
        ) from error


def weights(layer: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return kernel and bias of a head, the bias zero where it has none."""
    kernel = keras.ops.convert_to_numpy(layer.kernel)
    if layer.bias is None:
        return kernel, np.zeros(kernel.shape[-1], kernel.dtype)
    return kernel, keras.ops.convert_to_numpy(layer.bias)


def swapped(reading: Reading, swap: Swap, restraints: Mapping[str, Any] | None = None) -> Rebuilt:
    """Build a model anew with the other head, and its weights matched.

    Args:
        restraints: kernel_regularizer, bias_regularizer and kernel_constraint of the new head.
    """

    def function(old: Any) -> Any:
        if getattr(old, "activation", None) is keras.activations.linear:
            return _from_config(old, None)  # A cast, as mixed precision has it.
        return keras.layers.Activation(swap.function, **_shared(old))

    changed = {id(reading.layer): lambda old: _head(old, swap, restraints or {})}
    if not swap.same_outputs:
        for layer in reading.after:
            if type(layer) in (keras.layers.Activation, keras.layers.Softmax):
                changed[id(layer)] = function
            elif isinstance(layer, RESHAPES):
                changed[id(layer)] = lambda old: _reshaped(old, swap.columns)
    rebuilt = rebuild(reading.model, changed)
    (new,) = (now for before, now in rebuilt.layers if before is reading.layer)
    if new.kernel.shape[-1] != swap.units:
        raise InputError(f"{reading.layer.name}: was not replaced in the model built anew")
    kernel, bias = swap.matched(*weights(reading.layer))
    new.kernel.assign(kernel)
    if new.bias is not None:
        new.bias.assign(bias)
    return rebuilt


# What an isometric head and a Dense one have alike.
ALIKE = (
    *("name", "trainable", "dtype", "use_bias", "kernel_initializer", "bias_initializer"),
    *("kernel_regularizer", "bias_regularizer"),
)


def _head(old: Any, swap: Swap, restraints: Mapping[str, Any]) -> Any:
    config = old.get_config()
    inside = activation(old) != "linear"
    if "isometric" not in (swap.source, swap.to):
        config["filters" if "filters" in config else "units"] = swap.units
        config["activation"] = swap.function if inside else "linear"
        return type(old).from_config(config | dict(restraints))
    shared = {key: config[key] for key in ALIKE} | dict(restraints)
    if swap.to == "isometric":
        return Isometric.from_config({**shared, "units": swap.units, "logits": not inside})
    function = swap.function if inside else "linear"
    return keras.layers.Dense.from_config({**shared, "units": swap.units, "activation": function})


def _shared(layer: Any) -> dict[str, Any]:
    return {key: layer.get_config()[key] for key in ("name", "trainable", "dtype")}


def _reshaped(layer: Any, units: int) -> Any:
    """Return a reshaping layer for as many units as the head now has, which stay the last axis."""
    config = layer.get_config()
    if "target_shape" in config:
        config["target_shape"] = (*config["target_shape"][:-1], units)
    return type(layer).from_config(config)


def logits_of(reading: Reading, dtype: str | None = None) -> Any:
    """Return a copy of the model that gives this head's logits alone, activations left out."""

    def bare(old: Any) -> Any:
        config = old.get_config()
        config = _in(config, dtype) if dtype else config
        bare = {"logits": True} if isinstance(old, Isometric) else {"activation": "linear"}
        return type(old).from_config(config | bare)

    def passed_on(old: Any) -> Any:
        return keras.layers.Activation(
            "linear", **_in(_shared(old), dtype) if dtype else _shared(old)
        )

    changed = {id(reading.layer): bare}
    for layer in reading.after:
        if type(layer) in (keras.layers.Activation, keras.layers.Softmax):
            changed[id(layer)] = passed_on
    rebuilt = rebuild(reading.model, changed, dtype)
    for before, now in rebuilt.layers:
        if id(before) in changed:
            for old, new in zip(before.variables, now.variables, strict=True):
                new.assign(old)
    return keras.Model(graph(rebuilt.model).input, graph(rebuilt.model).outputs[reading.position])
