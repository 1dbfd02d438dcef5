"""Metrics of two classes: which of the other head's reads the same number."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from twinhead.models.backend import keras

Config = Mapping[str, Any]


@dataclass(frozen=True)
class Place:
    """What a metric reads: the head's outputs, and the labels beside them.

    Attributes:
        logits: the outputs are logits.
        one_hot: the softmax head's labels are one-hot, rather than whole numbers.
    """

    logits: bool
    one_hot: bool

    @property
    def threshold(self) -> float:
        """The sigmoid head's output above which it says class 1."""
        return 0.0 if self.logits else 0.5


def swap(metric: Any, to: str, place: Place) -> tuple[Any, str]:
    """Return the other head's metric, under the same name, and what has to be said of it.

    None and the reason where no metric of the other head reads the same number.

    Args:
        metric: a name, function or object, as compile() takes it.
    """
    if isinstance(metric, str) and metric.lower() in ("accuracy", "acc"):
        if to == "sigmoid" and place.logits:
            # By its name Keras would choose a threshold of 0.5, on logits.
            return keras.metrics.BinaryAccuracy(name=metric, threshold=0.0), ""
        if to == "softmax" and place.logits:
            return metric, "it had a threshold of 0.5, on logits, and is right now"
        return metric, ""
    found = keras.metrics.get(metric)
    kind = type(found).__name__
    if not isinstance(found, keras.metrics.Metric):
        kind = "".join(word.title() for word in found.__name__.split("_"))
        config: dict[str, Any] = {"name": found.__name__}
    else:
        config = dict(found.get_config())
    table = _TO_SIGMOID if to == "sigmoid" else _TO_SOFTMAX
    if kind not in table:
        return None, "no metric of the other head reads the same number"
    made = table[kind](config, place)
    if isinstance(made, str):
        return None, made
    name, options = made
    kept = {key: config[key] for key in ("name", "dtype") if key in config}
    return getattr(keras.metrics, name)(**kept | options), ""


# What a swap comes to: the class and its options; or why there is none.
Made = tuple[str, dict[str, Any]] | str
Swap = Callable[[Config, Place], Made]
POOLED = "over both columns it is another number than over one"
ONE_HOT = "beside this head it needs one-hot labels"
LOGITS = "it reads probabilities, and this head gives logits"


def _only(config: Config, *keys: str) -> dict[str, Any]:
    return {key: config[key] for key in keys if config.get(key) is not None}


def _to_binary_accuracy(config: Config, place: Place) -> Made:
    return "BinaryAccuracy", {"threshold": place.threshold}


def _to_binary_crossentropy(config: Config, place: Place) -> Made:
    if config.get("ignore_class") is not None:
        return "the binary one has no ignore_class"
    return "BinaryCrossentropy", _only(config, "from_logits", "label_smoothing")


def _of_one_column(name: str) -> Swap:
    def made(config: Config, place: Place) -> Made:
        if config.get("class_id") != 1 or config.get("top_k") is not None:
            return POOLED
        return LOGITS if place.logits else (name, _only(config, "thresholds"))

    return made


_CURVE = ("num_thresholds", "curve", "summation_method", "thresholds")


def _to_single_auc(config: Config, place: Place) -> Made:
    if not config.get("multi_label") or config.get("label_weights"):
        return POOLED
    return LOGITS if place.logits else ("AUC", _only(config, *_CURVE))


def _to_binary_iou(config: Config, place: Place) -> Made:
    if config.get("ignore_class") is not None or config.get("sparse_y_pred"):
        return "it reads classes, not outputs"
    ids = config.get("target_class_ids", [0, 1])
    return "BinaryIoU", {"target_class_ids": tuple(ids), "threshold": place.threshold}


def _same(name: str) -> Swap:
    def made(config: Config, place: Place) -> Made:
        if place.logits:
            return LOGITS
        return (name, {}) if place.one_hot else ONE_HOT

    return made


_ERRORS = {
    name: _same(name) for name in ("MeanSquaredError", "MeanAbsoluteError", "RootMeanSquaredError")
}
_TO_SIGMOID: dict[str, Swap] = {
    "SparseCategoricalAccuracy": _to_binary_accuracy,
    "CategoricalAccuracy": _to_binary_accuracy,
    "SparseCategoricalCrossentropy": _to_binary_crossentropy,
    "CategoricalCrossentropy": _to_binary_crossentropy,
    "Precision": _of_one_column("Precision"),
    "Recall": _of_one_column("Recall"),
    "AUC": _to_single_auc,
    **dict.fromkeys(("MeanIoU", "IoU", "OneHotMeanIoU", "OneHotIoU"), _to_binary_iou),
    **_ERRORS,
}


def _to_categorical_accuracy(config: Config, place: Place) -> Made:
    if config.get("threshold", 0.5) != place.threshold:
        return f"the larger of two columns is a threshold of {place.threshold:g} and no other"
    return ("" if place.one_hot else "Sparse") + "CategoricalAccuracy", {}


def _to_categorical_crossentropy(config: Config, place: Place) -> Made:
    if config.get("label_smoothing") and not place.one_hot:
        return ONE_HOT
    options = _only(config, "from_logits", *["label_smoothing"] * place.one_hot)
    return ("" if place.one_hot else "Sparse") + "CategoricalCrossentropy", options


def _of_class_one(name: str) -> Swap:
    def made(config: Config, place: Place) -> Made:
        if config.get("class_id") is not None or config.get("top_k") is not None:
            return POOLED
        if not place.one_hot:
            return ONE_HOT
        return LOGITS if place.logits else (name, {"class_id": 1, **_only(config, "thresholds")})

    return made


def _to_multi_label_auc(config: Config, place: Place) -> Made:
    if not place.one_hot:
        return ONE_HOT
    if place.logits:
        return LOGITS
    return "AUC", {"multi_label": True, "num_labels": 2, **_only(config, *_CURVE)}


def _from_binary_iou(config: Config, place: Place) -> Made:
    if config.get("threshold", 0.5) != place.threshold:
        return f"the larger of two columns is a threshold of {place.threshold:g} and no other"
    options = {"num_classes": 2, "target_class_ids": list(config["target_class_ids"])}
    return ("OneHotIoU" if place.one_hot else "IoU"), {**options, "sparse_y_pred": False}


_TO_SOFTMAX: dict[str, Swap] = {
    "BinaryAccuracy": _to_categorical_accuracy,
    "BinaryCrossentropy": _to_categorical_crossentropy,
    "Precision": _of_class_one("Precision"),
    "Recall": _of_class_one("Recall"),
    "AUC": _to_multi_label_auc,
    "BinaryIoU": _from_binary_iou,
    **_ERRORS,
}
