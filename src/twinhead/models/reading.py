"""Which head a model has: found by walking back from its outputs. Nothing is judged here."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from twinhead.errors import InputError
from twinhead.models import losses
from twinhead.models.backend import keras
from twinhead.training.isometric import Isometric

layers = keras.layers
HEADS = (layers.Dense, layers.Conv1D, layers.Conv2D, layers.Conv3D, Isometric)
# Layers of an activation and nothing else.
ACTIVATIONS = (layers.Activation, layers.Softmax)
# Linear, and each channel by itself: a difference of two channels passes through as it is.
CHANNELWISE = (
    *(layers.AveragePooling1D, layers.AveragePooling2D, layers.AveragePooling3D),
    *(layers.GlobalAveragePooling1D, layers.GlobalAveragePooling2D),
    *(layers.GlobalAveragePooling3D, layers.UpSampling1D, layers.UpSampling2D),
    *(layers.UpSampling3D, layers.Cropping1D, layers.Cropping2D, layers.Cropping3D),
)
RESHAPES = (layers.Reshape, layers.Flatten)


@dataclass(frozen=True, eq=False)
class Reading:
    """One output of a model and the head that it comes from.

    Attributes:
        output, position: the output's name and its place among the model's outputs.
        layer: the Dense or convolution that makes the logits.
        graphs: the models that it lies in, the outermost first.
        after: the layers between it and the output, in the order in which they are called.
        activations: names of what is applied to its logits, in order, "linear" left out.
        loss: what the model is compiled with for this output.
    """

    model: Any
    output: str
    position: int
    layer: Any
    graphs: tuple[Any, ...]
    after: tuple[Any, ...]
    activations: tuple[str, ...]
    loss: losses.Loss | None

    @property
    def columns(self) -> int:
        """How many columns it gives: its units, and one more if it is isometric."""
        return int(self.layer.kernel.shape[-1]) + self.isometric

    @property
    def isometric(self) -> bool:
        return isinstance(self.layer, Isometric)

    @property
    def axis(self) -> int:
        """The axis of the classes: the last, or the second where channels come first."""
        first = getattr(self.layer, "data_format", "channels_last") == "channels_first"
        return 1 if first else -1

    @property
    def several(self) -> bool:
        return len(self.model.outputs) > 1

    @property
    def kind(self) -> str:
        return type(self.layer).__name__


def read(model: Any, head: str | None = None) -> Reading:
    """Return the head of a model.

    Args:
        head: the name of an output or of a layer, where a model has several heads.
    Raises:
        InputError: there is none, or more than one and `head` does not say which.
    """
    found, refused = _all(model)
    if head is not None:
        chosen = [each for each in found if head in (each.output, each.layer.name)]
        if not chosen:
            names = ", ".join(each.output for each in found) or "none"
            raise InputError(f"head: found {head}, expected one of the model's heads: {names}")
        return chosen[0]
    if not found:
        raise InputError(refused[0])
    if len(found) > 1:
        two = [each for each in found if each.columns <= 2]
        if len(two) == 1:
            return two[0]
        names = " or ".join(f"head={each.output}" for each in found)
        raise InputError(f"head: the model has {len(found)} outputs with a head, expected {names}")
    return found[0]


def read_all(model: Any) -> list[Reading]:
    """Return every head of a model.

    Raises:
        InputError: it has none.
    """
    found, refused = _all(model)
    if not found:
        raise InputError(refused[0])
    return found


def _all(model: Any) -> tuple[list[Reading], list[str]]:
    if not isinstance(model, keras.Model):
        raise InputError(f"model: found {type(model).__name__}, expected a Keras model")
    if not model.built:
        raise InputError(
            f"{model.name}: found a model that is not built, expected one with weights: call it "
            "on a batch first, or give it an Input"
        )
    if not hasattr(graph(model), "outputs"):
        raise InputError(
            f"{model.name}: found a subclassed model ({type(model).__name__}), whose layers nobody "
            "can see from outside; expected a sequential or functional one. Swap the head in its "
            "code, and its weights with match_sigmoid or match_softmax"
        )
    found, refused = [], []
    for position, name in enumerate(output_names(model)):
        try:
            found.append(_one(model, position, name))
        except InputError as error:
            refused.append(str(error))
    return found, refused


def graph(model: Any) -> Any:
    """Return the functional graph of a model: a Sequential keeps its own inside."""
    return model._functional if isinstance(model, keras.Sequential) else model


def output_names(model: Any) -> list[str]:
    return list(graph(model).output_names)


def _one(model: Any, position: int, name: str) -> Reading:
    after: list[Any] = []
    activations: list[str] = []
    graphs = [model]
    tensor = graph(model).outputs[position]
    while True:
        operation, _, index = tensor._keras_history
        if isinstance(operation, keras.Model):
            if not hasattr(graph(operation), "outputs"):
                raise InputError(
                    f"output {name}: comes from {operation.name}, a subclassed model, whose layers "
                    "nobody can see from outside; expected Dense or a convolution"
                )
            _check_called_once(graphs[-1], operation, name)
            graphs.append(operation)
            tensor = graph(operation).outputs[index]
            continue
        if type(operation) in HEADS:
            break
        if type(operation) not in (*ACTIVATIONS, *CHANNELWISE, *RESHAPES):
            raise InputError(
                f"output {name}: comes from {operation.name} ({type(operation).__name__}), "
                "expected Dense or a convolution, and after it nothing but an activation, pooling "
                "or reshaping layer"
            )
        _check_called_once(graphs[-1], operation, name)
        after.insert(0, operation)
        call = next(node for node in nodes(graphs[-1]) if node.operation is operation)
        tensor = call.input_tensors[0]
    _check_called_once(graphs[-1], operation, name)
    activations = [activation(each) for each in (operation, *after)]
    return Reading(
        model,
        name,
        position,
        operation,
        tuple(graphs),
        tuple(after),
        tuple(each for each in activations if each != "linear"),
        losses.read(at(model, position, model.loss) if model.compiled else None),
    )


def nodes(model: Any) -> list[Any]:
    """Return the calls that a model's graph is made of.

    A layer's own list holds calls of other graphs as well: a Sequential leaves one behind whenever
    a layer is added.
    """
    return [node for depth in graph(model)._nodes_by_depth.values() for node in depth]


def _check_called_once(model: Any, operation: Any, output: str) -> None:
    calls = [node for node in nodes(model) if node.operation is operation]
    if len(calls) > 1:
        raise InputError(
            f"output {output}: {operation.name} is called {len(calls)} times, expected once: a "
            "shared head has the gradients of all its calls"
        )
    own = {id(tensor) for tensor in calls[0].outputs}
    users = [
        node.operation.name
        for node in nodes(model)
        if own & {id(tensor) for tensor in node.input_tensors}
    ]
    outputs = sum(id(tensor) in own for tensor in graph(model).outputs)
    if len(users) + outputs > 1:
        also = ", ".join(users) or "two outputs"
        raise InputError(
            f"output {output}: what {operation.name} gives is used {len(users) + outputs} times "
            f"(by {also}), expected the output alone"
        )


def activation(layer: Any) -> str:
    """Return the name of a layer's activation; linear where it has none."""
    if isinstance(layer, layers.Softmax):
        return "softmax"
    if isinstance(layer, Isometric):
        return "linear" if layer.logits else "softmax"
    function = getattr(layer, "activation", None)
    if function is None or type(layer) in (*CHANNELWISE, *RESHAPES):
        return "linear"
    return getattr(function, "__name__", None) or type(function).__name__


def at(model: Any, position: int, given: Any) -> Any:
    """Return what one of compile()'s arguments says of an output.

    Args:
        given: one value, or a list or a dict of them by output, as compile() takes it.
    """
    names = output_names(model)
    if isinstance(given, dict):
        return given.get(names[position], next(iter(given.values())) if len(names) == 1 else None)
    if isinstance(given, list | tuple) and len(given) == len(names):
        return given[position]
    return given


def inner(model: Any, *, with_itself: bool = False) -> Iterator[Any]:
    """Yield every layer of a model, those inside nested models and wrappers included."""
    yield from model._flatten_layers(include_self=with_itself)
