"""A network that turns images into features: one of keras.applications, or the user's, cut."""

import os
import re
import urllib.error
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import numpy as np

from twinhead.data.features import fingerprint
from twinhead.data.images import backbones
from twinhead.data.images.wanted import IMAGENET, RANDOM
from twinhead.data.sources import Images
from twinhead.errors import InputError
from twinhead.training.backend import keras, tf

# What keras.applications do to pixels, for a network of the user's: by the name of the mode.
AS_THEY_ARE = "none"


@dataclass(frozen=True)
class Backbone:
    """Pixels in, features out.

    Attributes:
        features: uint8 (n, size, size, 3), RGB, to float32 (n, width).
        preprocessing: in words, as the features file says it.
        weights_sha256: of the arrays, whatever file they came from.
    """

    features: Callable[[np.ndarray], np.ndarray]
    size: int
    width: int
    preprocessing: str
    weights_sha256: str


def build(source: Images) -> Backbone:
    """Return the network that a source of images asks for, with its weights.

    Raises:
        InputError: weights that are not there or do not fit, a size that the network cannot have,
            a model without a layer before its head.
    """
    keras.config.set_image_data_format("channels_last")  # A user's keras.json may say otherwise.
    if backbones.is_own(source.backbone):
        model, size = _own(Path(source.backbone), source.size)
        mode = source.preprocess or AS_THEY_ARE
        words = "pixels from 0 to 255" if mode == AS_THEY_ARE else f"preprocess_input, mode {mode}"

        def preprocess(pixels):
            if mode == AS_THEY_ARE:
                return pixels
            return keras.applications.imagenet_utils.preprocess_input(pixels, mode=mode)
    else:
        size = source.size or backbones.SIZES[source.backbone]
        model = _application(source, size)
        home = _home(source.backbone)
        preprocess = home.preprocess_input
        words = f"keras.applications.{home.__name__.rpartition('.')[2]}.preprocess_input"

    @tf.function(input_signature=[tf.TensorSpec((None, size, size, 3), tf.uint8)])
    def run(pixels):
        found = model(preprocess(tf.cast(pixels, tf.float32)), training=False)
        return tf.cast(found, tf.float32)

    return Backbone(
        features=lambda pixels: run(pixels).numpy(),
        size=size,
        width=int(model.output.shape[-1]),
        preprocessing=words,
        weights_sha256=fingerprint(*model.get_weights()),
    )


def _home(backbone: str):
    """Return the module of keras.applications that a network comes from, with its preprocessing."""
    return import_module(getattr(keras.applications, backbone).__module__)


def _application(source: Images, size: int) -> keras.Model:
    make = getattr(keras.applications, source.backbone)
    given = {"include_top": False, "pooling": "avg", "input_shape": (size, size, 3)}
    keras.utils.set_random_seed(source.seed)
    if source.weights == IMAGENET:
        return _with_imagenet(lambda: make(weights=IMAGENET, **given))
    try:
        model = make(weights=None, **given)
    except ValueError as error:
        raise InputError(f"size: found {size}; {_line(error)}") from error
    if source.weights == RANDOM:
        _normalise(model, source, size)
    else:
        _load(model, Path(source.weights), source.backbone)
    return model


def _normalise(model: keras.Model, source: Images, size: int) -> None:
    """Set the moving means and variances of batch norms to those of coarse noise.

    As they start, at 0 and 1, an untrained MobileNet's features are near 1e-20.
    """
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
    noise = np.random.default_rng(source.seed).uniform(0, 255, (16, 8, 8, 3)).astype(np.float32)
    pixels = tf.image.resize(noise, (size, size))
    model(_home(source.backbone).preprocess_input(pixels), training=True)


def _with_imagenet(make: Callable[[], keras.Model]) -> keras.Model:
    """Build with Keras's own weights: from its cache, or from the network into it."""
    try:
        return make()
    except ValueError as error:
        raise InputError(f"backbone: {_line(error)}") from error
    except Exception as error:  # Keras wraps what the network raises in a bare Exception.
        address = re.search(r"https?://\S+", str(error))
        if not isinstance(error.__cause__ or error.__context__, urllib.error.URLError | OSError):
            raise
        if address is None:
            raise
        where = address[0].rstrip(":.,")
        cache = Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser() / "models"
        raise InputError(
            f"weights: {where} cannot be reached; expected a network, or that file, with its name, "
            f"in {cache}"
        ) from error


def _load(model: keras.Model, path: Path, backbone: str) -> None:
    """Load weights of a file for this network without its head, or the first of a whole model."""
    words = f"weights of {backbone} without its head"
    own = model.get_weights()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # That layers keep what they had is looked at below.
            if path.suffix == ".keras":
                given = keras.models.load_model(path, compile=False).get_weights()
            else:
                model.load_weights(path)
                given = model.get_weights()
    except Exception as error:  # Keras raises whatever its readers of three formats stumble over.
        raise InputError(f"weights: {path}: {_line(error)}; expected {words}") from error
    given = given[: len(own)]
    if [each.shape for each in given] != [each.shape for each in own]:
        raise InputError(f"weights: {path}: found weights of other shapes, expected {words}")
    kernels = [pair for pair in zip(given, own, strict=True) if pair[1].ndim > 1]
    left = sum(np.array_equal(*pair) for pair in kernels)
    if left:
        raise InputError(
            f"weights: {path}: found none for {left} of {len(kernels)} layers, expected {words}"
        )
    model.set_weights(given)


def _own(path: Path, wanted: int | None) -> tuple[keras.Model, int]:
    """Return a user's model, cut before its head and pooled, and the size of its images."""
    try:
        model = keras.models.load_model(path, compile=False)
    except Exception as error:  # As above; a Lambda is refused by Keras, as it may hold any code.
        raise InputError(f"backbone: {path}: {_line(error)}; expected a Keras model") from error
    form = "images (height, width, 3) in, one output, as a Sequential or functional model"
    if not getattr(model, "inputs", None) or len(model.inputs) != 1 or len(model.outputs) != 1:
        raise InputError(f"backbone: {path}: expected {form}")
    shape = model.inputs[0].shape
    if len(shape) != 4 or shape[-1] != 3 or shape[1] != shape[2]:
        raise InputError(f"backbone: {path}: found input shape {tuple(shape)}, expected {form}")
    if wanted and shape[1] not in (None, wanted):
        raise InputError(f"size: found {wanted}, expected {shape[1]}, as {path} takes")
    size = shape[1] or wanted
    if size is None:
        raise InputError(f"size: found nothing, expected size=...: {path} takes images of any size")
    output = _before_head(model)
    if len(output.shape) == 4:
        output = keras.layers.GlobalAveragePooling2D()(output)
    if len(output.shape) != 2:
        raise InputError(
            f"backbone: {path}: found shape {tuple(output.shape)} before its head, expected "
            "(rows, features), or a picture of features"
        )
    return keras.Model(model.inputs, output), size


def _before_head(model: keras.Model):
    """Return what goes into the last layer that is dense; where none is, what comes out."""
    for layer in reversed(model.layers):
        if isinstance(layer, keras.layers.Dense):
            return layer.input
        if layer.weights:
            break
    return model.outputs[0]


def _line(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text if len(text) < 300 else text[:297] + "..."
