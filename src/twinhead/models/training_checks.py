"""What can be wrong around a head: metrics, labels, precision, optimizer."""

import re

import numpy as np

from twinhead.errors import InputError
from twinhead.matching import EXACT, settings_of, translate
from twinhead.models import losses, optimizers, state
from twinhead.models.backend import keras
from twinhead.models.case import KNOW, Case
from twinhead.models.checks import Check
from twinhead.models.compiled import penalties


def _threshold_on_logits(case: Case) -> str | None:
    if (
        case.head.columns != 1
        or case.acts
        or not case.loss
        or case.loss.kind not in losses.OF_SIGMOID
    ):
        return None
    for metric in case.metrics:
        threshold = getattr(metric, "threshold", None)
        if isinstance(metric, keras.metrics.BinaryAccuracy) and threshold != 0:
            between = int(np.sum((case.logits > 0) & (case.logits <= threshold)))
            return f"{metric.name}: {between} of {case.logits.size} rows are class 1 and called 0"
    return None


# Accuracy over as many columns as it is not for: what it reads where every row is right.
WRONG_COLUMNS = {
    "BinaryAccuracy": lambda units: units == 2,
    "CategoricalAccuracy": lambda units: units == 1,
    "SparseCategoricalAccuracy": lambda units: units == 1,
}


def _accuracy_of_other_columns(case: Case) -> str | None:
    units = case.head.columns
    softmax = case.acts == ("softmax",) or (case.loss and case.loss.kind in losses.OF_SOFTMAX)
    for metric in case.metrics:
        wrong = WRONG_COLUMNS.get(type(metric).__name__)
        if wrong is None or not wrong(units) or (units == 2 and not softmax):
            continue
        given = keras.ops.convert_to_numpy(case.array()).astype(np.float64)
        right = case.logits[: given.size // units]
        said = np.argmax(right, axis=1) if units == 2 else (right[:, 0] > 0).astype(int)
        said = said.reshape(*given.shape[:-1], 1)
        fresh = type(metric).from_config(metric.get_config())
        try:
            fresh.update_state(said, given)
        except ValueError:  # Shapes it does not take.
            return f"{metric.name} does not take {units} column(s)"
        return f"{metric.name} reads {float(fresh.result()):.2f} where every row is right"
    return None


def _pooled(case: Case) -> str | None:
    if case.head.columns != 2 or case.acts != ("softmax",):
        return None
    for metric in case.metrics:
        config = metric.get_config()
        pooled = {
            "AUC": not config.get("multi_label"),
            "Precision": config.get("class_id") is None,
            "Recall": config.get("class_id") is None,
        }
        if pooled.get(type(metric).__name__):
            return (
                f"{metric.name}: {2 * len(case.logits)} numbers pooled of {len(case.logits)} rows"
            )
    return None


def labels_that_do_not_fit(case: Case) -> str | None:
    y = case.rows.y
    if y is None or not case.loss or case.head.columns > 2:
        return None
    one_hot = case.loss.kind in ("categorical", "categorical focal")
    width = case.head.columns if one_hot or case.loss.kind in losses.OF_SIGMOID else 1
    if (y.shape[-1] if y.ndim > 1 else 1) != width:
        return f"labels of shape {y.shape}, expected ({len(y)}, {width})"
    low, high = float(np.min(y)), float(np.max(y))
    whole = case.loss.kind != "sparse" or bool(np.all(y == np.round(y)))
    if low < 0 or high > 1 or not whole:
        return f"labels from {low:g} to {high:g}, expected 0 and 1"
    return None


def _sixteen_bits(case: Case) -> str | None:
    if case.head.layer.compute_dtype not in ("float16", "bfloat16") or case.head.columns > 2:
        return None
    odds = case.logits[:, -1] - (case.logits[:, 0] if case.head.columns == 2 else 0)
    tied = len(odds) - len(np.unique(odds))
    return f"{tied} of {len(odds)} rows tie with another" if tied else None


def _condition(case: Case) -> str | None:
    if case.optimizer is None or case.head.columns != 2 or not case.head.layer.trainable:
        return None
    try:
        settings = settings_of(case.optimizer) | penalties(case.head.layer)
        found = translate(settings)
    except InputError:
        return None
    if found.status == EXACT:
        return None
    left = state.asymmetry(case.optimizer, case.head.layer.trainable_variables)
    return f"{settings['optimizer']}, |θ0 + θ1| {left:.0e} of |θ|: {'; '.join(found.conditions)}"


def _lost_state(case: Case) -> str | None:
    optimizer, trained = case.optimizer, case.head.model.trainable_variables
    if optimizer is None or not optimizer.built or optimizers.has_state(optimizer):
        return None
    return f"built for 0 of {len(trained)} variables" if trained else None


def _matches_nothing(case: Case) -> str | None:
    optimizer = getattr(case.head.model, "optimizer", None)
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    if not isinstance(optimizer, keras.optimizers.MultiOptimizer):
        return None
    paths = [each.path for each in case.head.model.trainable_variables]
    for pattern in getattr(optimizer._optimizer_map, "_optimizer_map", {}):
        if not any(path == pattern or re.fullmatch(pattern, path) for path in paths):
            return f"{pattern} matches 0 of {len(paths)} variables"
    return None


def _clipped_together(case: Case) -> str | None:
    norm = getattr(case.optimizer, "global_clipnorm", None)
    own = {id(each) for each in case.head.layer.variables}
    others = sum(id(each) not in own for each in case.head.model.trainable_variables)
    if not norm or not others or case.head.columns > 2:
        return None
    return f"global_clipnorm={norm:g} over the head and {others} variables under it"


def _not_compiled(case: Case) -> str | None:
    return None if case.head.model.compiled else "no loss, no metrics, no optimizer"


TRAINING_CHECKS = (
    Check(
        "labels that do not fit the loss",
        "Keras checks neither their values nor, where it can broadcast, their shape.",
        "0 and 1 as whole numbers, one a row; one-hot rows of two for a categorical loss.",
        labels_that_do_not_fit,
    ),
    Check(
        "threshold of 0.5 on logits",
        "A logit of 0 is a probability of one half; 0.5 is one of 0.62.",
        "keras.metrics.BinaryAccuracy(threshold=0.0).",
        _threshold_on_logits,
    ),
    Check(
        "accuracy over the wrong columns",
        "It compares each column with the label, or one column with itself.",
        "metrics=['accuracy'], which goes by the shapes; BinaryAccuracy is for one unit.",
        _accuracy_of_other_columns,
    ),
    Check(
        "one number over both columns",
        "Pooled over both columns a metric is not the positive class's.",
        "class_id=1, or AUC(multi_label=True); over one unit it is the usual number.",
        _pooled,
        KNOW,
    ),
    Check(
        "logits of 16 bits",
        "Rows that differ get the same logit, and one that ranks by it cannot tell them apart.",
        "dtype='float32' for the head: it costs next to nothing.",
        _sixteen_bits,
    ),
    Check(
        "a pattern that matches nothing",
        "The default optimizer trains those layers, without a word.",
        "Patterns are matched against whole paths: (?:.*/)?head/(?:kernel|bias).",
        _matches_nothing,
    ),
    Check(
        "one head is the other on a condition only",
        "With this optimizer, or penalty, the steps depend on what both columns have in common.",
        "Subtract their mean from both columns before training: the function stays the same.",
        _condition,
        KNOW,
    ),
    Check(
        "one norm over head and trunk",
        "A softmax head's gradient is √2 times as long as a sigmoid's, and the trunk is clipped "
        "with it.",
        "clipnorm, which goes by variable, if the head is to be swapped.",
        _clipped_together,
        KNOW,
    ),
    Check(
        "an optimizer that lost its state",
        "Keras builds it without variables when it loads a model from .h5, and fit() raises.",
        "Compile it again; save as .keras, which keeps momenta.",
        _lost_state,
    ),
    Check(
        "not compiled",
        "Nothing says how it is trained, so nothing of it can be checked.",
        "Compile it before you save it.",
        _not_compiled,
        KNOW,
    ),
)
