"""The article's three arms, as published and under common noise, and the heads' conversion."""

import logging
import math
from dataclasses import replace
from itertools import islice

import numpy as np
import pandas as pd

from twinhead.data.features import Cut, Split, describe
from twinhead.experiments.equivalence import Settings, calibration
from twinhead.matching import match_sigmoid, match_softmax, sigmoid_learning_rate
from twinhead.results.arm import Arm
from twinhead.results.history import History, Record
from twinhead.results.published import Published, published
from twinhead.results.statistics import ratio_interval
from twinhead.steps import Steps
from twinhead.training import bank, heads, reference
from twinhead.training.recipe import Recipe

log = logging.getLogger(__name__)

# The pull towards 0 in the control of what the weights conserve: of the rate, at every step.
DECAY = 0.01
# From here on there is a gap that common noise can take away: sixteen roundings of float32.
LEFT_OVER = 1e-6

ARTICLE_RECIPE = Recipe(5, 128, 0.5, {"name": "sgd", "momentum": 0.0, "nesterov": False})


def measure(settings: Settings) -> History:
    features = settings.data.load()
    # Every seed cuts the rows anew, so that an interval over seeds is one over validation sets.
    seeds = range(settings.seed, settings.seed + settings.repeats)
    cuts = {seed: Cut(features, settings.validation_fraction, seed) for seed in seeds}
    parts = cuts[settings.seed].split()
    history = History(describe(features, parts))
    history.data["article_recipe"] = settings.recipe() == ARTICLE_RECIPE and (
        settings.learning_rate,
        settings.lr_ratio,
        settings.validation_fraction,
    ) == (1e-3, 2.0, 0.2)
    log.info(
        "%s: %d + %d rows, %d features; %d seed(s) as published",
        features.name,
        len(parts.y_train),
        len(parts.y_validation),
        features.X.shape[1],
        settings.repeats,
    )

    recipe = settings.recipe()
    alone = [
        (arm, cut)
        for seed, cut in cuts.items()
        for arm in _arms(settings, "independent", "float32", seed)
    ]
    steps = Steps(
        "parts", 1 + 2 / (3 * settings.repeats)
    )  # A pass of the bank takes about as long as a fit.
    trained = reference.train_cuts(alone, recipe)
    del parts  # Before the next is there: it is as large as the features.
    for cut in cuts.values():
        _add(history, list(islice(trained, 3)), cut.split().X_validation)
    steps.done()
    del alone, cut
    parts = cuts[settings.seed].split()
    cuts.clear()
    del features  # Float64 takes twice as much again.
    for precision in ("float32", "float64"):
        arms = _arms(settings, "common", precision, settings.seed)
        control = _arm(settings, "sigmoid", "transfer", 1.0, "common", precision, settings.seed)
        control = replace(control, name=f"control: {control.name}")
        _add(history, bank.train([*arms, control], recipe, parts), parts.X_validation)
        history.numbers.update(_conserved(history, precision, recipe, parts))
        history.numbers.update(_converted(history, precision, parts.X_validation.astype(precision)))
        history.numbers.update(_common(history, precision))
        history.numbers.update(_calibrated(history, precision, parts))
        steps.done(1 / (3 * settings.repeats))
    history.numbers.update(_as_published(history))
    history.numbers.update(_parameters(settings, parts.X_train.shape[1]))
    _hold_against_print(history)
    return history


def _arms(settings: Settings, noise: str, precision: str, seed: int) -> list[Arm]:
    """Return the article's three arms."""
    return [
        _arm(settings, "softmax", "random", 1.0, noise, precision, seed),
        _arm(settings, "sigmoid", "transfer", settings.lr_ratio, noise, precision, seed),
        _arm(settings, "sigmoid", "random", settings.lr_ratio, noise, precision, seed),
    ]


def _arm(
    settings: Settings,
    head: str,
    init: str,
    lr_ratio: float,
    noise: str,
    precision: str,
    seed: int,
) -> Arm:
    how = head if head == "softmax" else f"{head} {init} ratio {lr_ratio:g}"
    where = "as published" if noise == "independent" else f"common noise {precision}"
    return Arm(
        name=f"{how}, {where}, seed {seed}",
        head=head,
        init=init,
        optimizer=settings.optimizer.name,
        learning_rate=sigmoid_learning_rate(settings.learning_rate, lr_ratio),
        lr_ratio=lr_ratio,
        seed=seed,
        noise=noise,
        precision=precision,
    )


def _add(history: History, records: list[Record], X: np.ndarray) -> None:
    """Add arms that belong together, the softmax arm first, with their gaps to it."""
    softmax, *sigmoids = records
    history.add(softmax)
    for record in sigmoids:
        history.add_gap(record, softmax, X)
        history.add(record)


def _converted(history: History, precision: str, X: np.ndarray) -> dict[str, float]:
    """Measure how far trained heads' probabilities move when their weights change heads."""
    numbers = {}
    for head, to, twist in (
        # A flipped sign and a forgotten half are the two mistakes that people make.
        ("softmax", match_sigmoid, -1),
        ("sigmoid", match_softmax, 2),
    ):
        arm = {"head": head, "init": "random", "noise": "common", "precision": precision}
        weights = history.one(**arm).weights
        kernel, bias = weights["kernel"][-1], weights["bias"][-1]
        before = heads.probabilities(head, X @ kernel + bias)
        other = "sigmoid" if head == "softmax" else "softmax"
        kernel, bias = to(kernel, bias)
        for name, factor in (("conversion", 1), ("wrong conversion", twist)):
            after = heads.probabilities(other, X @ (factor * kernel) + factor * bias)
            apart = np.abs(after.astype(np.float64) - before.astype(np.float64)).max()
            numbers[f"{name} from {head}, {precision}"] = float(apart)
    return numbers


def _calibrated(history: History, precision: str, parts: Split) -> dict[str, float]:
    """Measure how well each trained head's probabilities come true, and how far that is apart.

    Adds the table `reliability`, of float32.
    """
    arms = {"noise": "common", "precision": precision}
    chosen = {
        "softmax": history.one(head="softmax", **arms),
        "sigmoid": _transferred(history, **arms),
        "sigmoid at equal rates": history.pick(init="transfer", lr_ratio=1.0, **arms)[-1],
    }
    tables = {}
    for name, record in chosen.items():
        kernel, bias = record.weights["kernel"][-1], record.weights["bias"][-1]
        logits = parts.X_validation.astype(precision) @ kernel + bias
        p = heads.probabilities(record.arm.head, logits)
        tables[name] = calibration.reliability(p, parts.y_validation)
    if precision == "float32":
        named = [table.assign(head=name) for name, table in tables.items()]
        history.tables["reliability"] = pd.concat(named, ignore_index=True)
    error = {name: calibration.expected_error(table) for name, table in tables.items()}
    return {
        f"calibration error of softmax, {precision}": error["softmax"],
        **{
            f"calibration errors apart{at}, {precision}": abs(error[name] - error["softmax"])
            for name, at in (("sigmoid", ""), ("sigmoid at equal rates", " at equal rates"))
        },
    }


def _common(history: History, precision: str) -> dict[str, float]:
    """Return what is left of the gap under common noise, and where the biases start and end."""
    arms = {"noise": "common", "precision": precision}
    transfer = _transferred(history, **arms)
    equal = history.pick(init="transfer", lr_ratio=1.0, **arms)[-1]
    found = {}
    for split_name, of in (("validation", ""), ("train", "training ")):
        size = max(1, transfer.loss(split_name).max())
        for name, record in (("under common noise", transfer), ("at equal rates", equal)):
            found[f"{of}gap {name}, {precision}"] = _largest_gap(record, split_name) / size
    softmax = history.one(head="softmax", **arms)
    for name, record in (("twice the rate", transfer), ("equal rates", equal)):
        ways = [each.logit_weights()[1] - each.logit_weights()[0] for each in (record, softmax)]
        lengths = [float(np.linalg.norm(way.astype(np.float64))) for way in ways]
        found[f"way in epoch 1 at {name}, in softmax's, {precision}"] = lengths[0] / lengths[1]
    bias = np.abs(softmax.logit_bias())
    return found | {
        f"bias to set at the start, {precision}": float(bias[0]),
        f"bias to set after training, {precision}": float(bias[-1]),
    }


def _conserved(history: History, precision: str, recipe: Recipe, parts: Split) -> dict[str, float]:
    """Return by how much θ0 + θ1 moves, and by how much where a penalty pulls at the weights."""
    softmax = history.one(head="softmax", noise="common", precision=precision)
    arm = replace(softmax.arm, optimizer="with decay")
    pulled = {"with decay": {**recipe.optimizer, "weight_decay": DECAY}}
    (decayed,) = bank.train([arm], recipe, parts, optimizers=pulled, parts=("validation",))
    return {
        f"change of θ0 + θ1, {precision}": _largest_change(softmax),
        f"change of θ0 + θ1 with weight decay, {precision}": _largest_change(decayed),
    }


def _transferred(history: History, **wanted: str) -> Record:
    """Return the first arm with β = θ1 − θ0 and the configured ratio (the control comes later)."""
    return history.pick(head="sigmoid", init="transfer", **wanted)[0]


def _largest_gap(record: Record, part: str = "validation") -> float:
    return float(np.abs(record.series[part, "loss_gap"]).max())


def _largest_change(softmax: Record) -> float:
    kernel = softmax.weights["kernel"].astype(np.float64)
    combined = kernel[..., 1] + kernel[..., 0]
    return float(np.abs(combined - combined[0]).max() / max(1, np.abs(kernel).max()))


def _as_published(history: History) -> dict[str, float]:
    """Return how the article's two gaps compare, and what common noise leaves of its own."""
    common = {"noise": "common", "precision": "float32"}
    equal = history.pick(init="transfer", lr_ratio=1.0, **common)[-1]
    softmax, transfer, random = (
        history.pick(noise="independent", **arms)
        for arms in (
            {"head": "softmax"},
            {"head": "sigmoid", "init": "transfer"},
            {"head": "sigmoid", "init": "random"},
        )
    )
    seeds = len(transfer)
    history.data["over"] = f"{seeds} seeds, each with its own split"
    printed = {
        (number.arm, number.epoch): number.printed
        for number in published("000")
        if (number.split, number.metric) == ("validation", "loss")
    }
    own, other = (
        abs(printed[f"sigmoid {init}", 1] - printed["softmax", 1])
        for init in ("transfer", "random")
    )
    numbers = {"gap that the article prints": own / other}
    name = "published gap, matched over own start"
    if seeds > 1:
        apart = _apart(random, softmax)
        numbers[name], *ends = ratio_interval(_apart(transfer, softmax), apart)
        numbers[f"{name}, low"], numbers[f"{name}, high"] = ends
        another = ratio_interval(_apart(transfer, [*softmax[1:], softmax[0]]), apart)
        numbers["published gap, matched to another seed over own start, high"] = another[2]
    else:
        numbers |= {name: math.nan, f"{name}, low": math.nan}  # The sentence names them.
        history.untested[f"{name}, high"] = "One seed has no interval; give repeats=2 or more."
    leftover = np.mean([_largest_gap(each) for each in transfer])
    paired = _largest_gap(_transferred(history, **common))
    rounding = np.finfo(np.float64).eps  # A gap of exactly zero must not divide.
    shrunk = "leftover gap, shrunk by common noise"
    # Without dropout and with one batch an epoch nothing but rounding is left over.
    if leftover > LEFT_OVER:
        numbers[shrunk] = float(leftover / max(paired, rounding))
        numbers[f"{shrunk} at equal rates"] = float(leftover / max(_largest_gap(equal), rounding))
    else:
        history.untested[shrunk] = "As published there is no gap left over that could shrink."
    return numbers


def _apart(arms: list[Record], partners: list[Record]) -> np.ndarray:
    """Return by how much validation losses differ after epoch 1, rounding at least, by seed."""
    gaps = [a.loss()[1] - b.loss()[1] for a, b in zip(arms, partners, strict=True)]
    return np.maximum(np.abs(gaps), LEFT_OVER)


def _parameters(settings: Settings, features: int) -> dict[str, float]:
    numbers = {"2(d + 1)": 2 * (features + 1), "d + 1": features + 1}
    for head in ("softmax", "sigmoid"):
        arm = _arm(settings, head, "random", 1.0, "common", "float32", settings.seed)
        model = heads.model(arm, *heads.initial(arm, features), settings.dropout)
        numbers[f"parameters, {head}"] = model.count_params()
    return numbers


def _hold_against_print(history: History) -> None:
    """Hold the run against the article's log, where the features are the article's."""
    own = history.data["article"] == "000" and not history.data["made_up"]
    why = "Another recipe than the article's."
    if history.data["made_up"]:
        why = "Surrogate data: a match with this log would prove nothing."
    elif not own:
        why = "Other features than the article's."
    for what, metrics in (
        ("losses", ("loss", "running_loss")),
        ("accuracies", ("accuracy", "running_accuracy")),
    ):
        numbers = [
            number
            for number in published("000")
            if number.metric in metrics and number.kind == "result"
        ]
        history.numbers[f"printed {what}"] = len(numbers)
        if own and history.data["article_recipe"]:
            for name, shift in (("printed", 0), ("the next epoch's printed", 1)):
                worst = _worst(history, numbers, shift)
                history.numbers[f"deviation from {name} {what}"] = worst
        else:
            history.untested[f"deviation from printed {what}"] = why


def _worst(history: History, numbers: list[Published], shift: int) -> float:
    """Return the largest |measured - printed| / tolerance, measured `shift` epochs earlier."""
    arms = {
        "softmax": history.pick(head="softmax", noise="independent")[0],
        "sigmoid transfer": _transferred(history, noise="independent"),
        "sigmoid random": history.pick(head="sigmoid", init="random", noise="independent")[0],
    }
    deviations = [
        abs(arms[n.arm].series[n.split, n.metric][n.epoch - shift] - n.printed) / n.tolerance
        for n in numbers
        if 1 <= n.epoch - shift < len(arms[n.arm].loss())
    ]
    return float(max(deviations))
