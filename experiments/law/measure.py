"""The law behind the factor 2: every setting trained with both heads, mapped and not.

Both heads see the same batches and masks, in float64, with Keras's own optimizers:

    python experiments/law.py
    python experiments/law.py data=file data.path=my_features.h5 steps=1000
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from twinhead import claims, config, data, noise, runs
from twinhead.history import Arm, History, Row
from twinhead.matching import (
    EXACT,
    IMPOSSIBLE,
    Translation,
    match_sigmoid,
    match_softmax,
    translate,
)

log = logging.getLogger("twinhead.law")

# An exact row may differ by rounding, and its control has to differ by what anyone would see.
CLOSED, OPEN = 1e-12, 1e-3


@dataclass(frozen=True)
class Case:
    """One row of the map.

    Attributes:
        softmax: settings of the softmax head, as `matching.translate` takes them.
        naive: what to change in the mapped settings to get those of somebody without the map.
        antisymmetric: whether the softmax head starts with θ1 = −θ0.
        closed: what a gap of rounding may be; more only where Keras itself is not exact.
        why_closed: the reason where it is more.
        unmet: starts of which the condition is not true, for conditional rows.
    """

    name: str
    softmax: dict[str, Any]
    naive: dict[str, Any]
    antisymmetric: bool = False
    bias: tuple[float, float] = (0.2, -0.1)
    closed: float = CLOSED
    why_closed: str = ""
    unmet: dict[str, Any] = field(default_factory=dict)


def _rate(name: str, optimizer: str, learning_rate: float, **own: Any) -> Case:
    """Return a row in which the learning rate itself is the knob; naive: equal rates."""
    settings = {"optimizer": optimizer, "learning_rate": learning_rate, **own}
    return Case(name, settings, {"learning_rate": learning_rate})


def _knob(name: str, settings: dict[str, Any], wrong: dict[str, Any], **other: Any) -> Case:
    """Return a row in which another setting is the knob; the rate is mapped in the naive too."""
    return Case(name, {"optimizer": "sgd", "learning_rate": 0.1} | settings, wrong, **other)


_NOT_MET = {"antisymmetric": False}
CASES = (
    _rate("SGD", "sgd", 0.1),
    _rate("SGD, momentum", "sgd", 0.05, momentum=0.9),
    _rate("SGD, Nesterov", "sgd", 0.05, momentum=0.9, nesterov=True),
    _rate("Adam", "adam", 0.01),
    _rate("Adam, AMSGrad", "adam", 0.01, amsgrad=True),
    _rate("Nadam", "nadam", 0.01),
    _rate("Adamax", "adamax", 0.01),
    _rate("RMSprop", "rmsprop", 0.01),
    _rate("RMSprop, centered, momentum", "rmsprop", 0.003, momentum=0.9, centered=True),
    _rate("Adagrad", "adagrad", 0.1),
    _rate("Adadelta", "adadelta", 1.0),
    _rate("Ftrl", "ftrl", 0.1),
    _rate("Lion", "lion", 0.003),
    _rate("ScheduleFreeAdamW", "schedulefreeadamw", 0.01),
    _knob(
        "AdamW, its weight decay",
        {"optimizer": "adamw", "learning_rate": 0.01, "weight_decay": 0.5},
        {"weight_decay": 0.5},
    ),
    _knob("weight decay with SGD", {"weight_decay": 0.1}, {"weight_decay": 0.1}),
    _knob("L2 with SGD", {"l2": 0.05}, {"l2": 0.05}),
    _knob(
        "L2 with Adam",
        {"optimizer": "adam", "learning_rate": 0.01, "l2": 0.05},
        {"l2": 0.05},
        antisymmetric=True,
        unmet=_NOT_MET,
    ),
    _knob("L1", {"l1": 0.01}, {"l1": 0.02}, antisymmetric=True, unmet=_NOT_MET),
    _knob(
        "epsilon of Adam",
        {"optimizer": "adam", "learning_rate": 0.05, "epsilon": 0.1},
        {"epsilon": 0.2},
    ),
    _knob("clipvalue", {"clipvalue": 0.02}, {"clipvalue": 0.04}),
    _knob("clipnorm", {"clipnorm": 0.1}, {"clipnorm": 0.1}),
    _knob("global_clipnorm", {"global_clipnorm": 0.1}, {"global_clipnorm": 0.1}),
    _knob("label smoothing", {"label_smoothing": 0.1}, {"label_smoothing": 0.2}),
    _knob("class weights", {"class_weight": 3.0}, {"class_weight": 6.0}),
    _knob("sample weights", {"sample_weight": "by row"}, {"sample_weight": None}),
    _knob("dropout", {"dropout": 0.5}, {"dropout": 0.25}),
    _knob(
        "EMA of the weights",
        {"ema_momentum": 0.9},
        {"ema_momentum": 0.5},
    ),
    _knob(
        "gradient accumulation",
        {"gradient_accumulation_steps": 4},
        {"gradient_accumulation_steps": 8},
    ),
    _rate("schedule with warm-up", "sgd", 0.2, schedule="cosine"),
    _knob("layer under the head", {"trunk_learning_rate": 0.1}, {"trunk_learning_rate": 0.2}),
    _knob("initial weights", {}, {"start": "own"}),
    _knob("initial bias", {}, {"start": "no bias"}),
    _knob(
        "Ftrl, L2",
        {"optimizer": "ftrl", "l2_regularization_strength": 0.5},
        {"l2_regularization_strength": 0.5},
    ),
    _knob(
        "Ftrl, L2 shrinkage",
        {"optimizer": "ftrl", "l2_shrinkage_regularization_strength": 0.05},
        {"l2_shrinkage_regularization_strength": 0.05},
    ),
    _knob(
        "Ftrl, L1",
        {"optimizer": "ftrl", "l1_regularization_strength": 0.1},
        {"l1_regularization_strength": 0.2},
        antisymmetric=True,
        unmet=_NOT_MET,
    ),
    # The rule of the others would be the naive one here: twice the rate.
    _knob(
        "Lamb",
        {"optimizer": "lamb", "learning_rate": 0.01},
        {"learning_rate": 0.02},
        antisymmetric=True,
        unmet=_NOT_MET,
    ),
    _knob(
        "Adafactor",
        {"optimizer": "adafactor", "learning_rate": 0.03, "epsilon_2": 1e-3},
        {"learning_rate": 0.06},
        antisymmetric=True,
        unmet=_NOT_MET,
    ),
    _knob(
        "Muon",
        {
            **{"optimizer": "muon", "learning_rate": 0.01, "adam_lr_ratio": 1.0},
            **{"weight_decay": 0.1, "adam_weight_decay": 0.1},
        },
        {"learning_rate": 0.02, "adam_lr_ratio": 1.0},
        closed=1e-5,
        why_closed="Keras adds 1e-7 to the norm that Muon divides by, and its iteration amplifies "
        "what that is beside a small gradient.",
        unmet={"loss_scale": 1e-7},
    ),
    _knob(
        "global_clipnorm over a layer under the head",
        {"trunk_learning_rate": 0.1, "global_clipnorm": 0.1},
        {},
    ),
)

# Settings that are not the optimizer's to know.
OF_LOSS = ("l1", "l2", "label_smoothing", "class_weight", "sample_weight", "loss_scale")
APART = (*OF_LOSS, "dropout", "schedule", "trunk_learning_rate", "start", "optimizer")
TRUNK_UNITS, WARM_UP = 8, 0.1


@dataclass(frozen=True, eq=False)
class Job:
    """One head to be trained with these settings from this start."""

    name: str
    head: str
    settings: dict[str, Any]
    kernel: np.ndarray
    bias: np.ndarray


@dataclass(frozen=True)
class Trained:
    """What a job came to, epoch 0 first.

    Attributes:
        logits: of all rows, shape (epochs + 1, n, units).
        kernel: shape (epochs + 1, d, units).
    """

    head: str
    logits: np.ndarray
    kernel: np.ndarray

    def odds(self) -> np.ndarray:
        z = self.logits
        return z[..., 1] - z[..., 0] if self.head == "softmax" else z[..., 0]


@dataclass(frozen=True)
class Problem:
    """Features cut to whole batches, and the noise that all jobs see."""

    split: data.Split
    seed: int
    batch_size: int
    epochs: int

    def rows(self) -> tuple[np.ndarray, np.ndarray]:
        X = np.concatenate([self.split.X_train, self.split.X_validation]).astype(np.float64)
        return X, np.concatenate([self.split.y_train, self.split.y_validation])


def measure(settings: config.Law) -> History:
    features = data.load(settings.data)
    # At random: a file may hold one class after the other.
    rows = np.random.default_rng(settings.seed).permutation(len(features.y))[: settings.rows]
    features = replace(features, X=features.X[rows, : settings.features], y=features.y[rows])
    split = data.split(features, 0.2, settings.seed)
    history = History(data.describe(features, split))
    tumours = data.load(config.BreastCancer())
    problems = {
        features.name: _problem(settings, split),
        tumours.name: _problem(settings, data.split(tumours, 0.2, settings.seed)),
    }
    log.info("%d settings on %d data sets; starting TensorFlow", len(CASES), len(problems))
    history.tables["map"] = [row for name in problems for row in _map(name, problems[name])]
    history.numbers.update(_impossible(problems[tumours.name]))
    log.info("K classes")
    history.tables["classes"] = _classes(settings.seed)
    log.info("float32, %d steps", settings.long_steps)
    history.tables["float32"] = _float32(settings, problems[tumours.name].split)
    log.info("scikit-learn's optimum")
    history.numbers.update(_optimum(settings))
    return history


def _problem(settings: config.Law, split: data.Split) -> Problem:
    size = settings.batch_size
    whole = slice(len(split.y_train) // size * size)
    split = replace(split, X_train=split.X_train[whole], y_train=split.y_train[whole])
    return Problem(split, settings.seed, size, -(-settings.steps // (whole.stop // size)))


def _map(name: str, problem: Problem) -> list[Row]:
    """Train every case on one problem and return a row for each."""
    jobs = [job for case in CASES for job in _jobs(case, problem)]
    trained = _train(jobs, problem)
    rows = []
    for case in CASES:
        translation = translate(case.softmax)
        softmax = trained[f"{case.name}: softmax"]
        theta_sum = softmax.kernel.sum(axis=2)
        row: Row = {"setting": case.name, "data": name, "status": translation.status}
        row["factors"] = _factors(case.softmax, translation)
        row["condition"] = "; ".join(translation.conditions)
        for role in ("mapped", "naive"):
            loss_gap, logit_gap = _gaps(trained[f"{case.name}: {role}"], softmax, problem)
            row |= {f"{role}_loss_gap": loss_gap, f"{role}_logit_gap": logit_gap}
        row["unmet_loss_gap"] = float("nan")
        if case.unmet:
            mapped, unmet = (
                trained[f"{case.name}: unmet {head}"] for head in ("mapped", "softmax")
            )
            row["unmet_loss_gap"] = _gaps(mapped, unmet, problem)[0]
        row["theta_sum_drift"] = float(np.abs(theta_sum - theta_sum[0]).max())
        row["theta_sum_conserved"] = int(_conserves(case))
        rows.append(row)
    return rows


def _factors(softmax: dict[str, Any], translation: Translation) -> str:
    """Return what the sigmoid's settings are multiplied by, such as "learning_rate × 2"."""
    if translation.status == IMPOSSIBLE:
        return "none does"
    changed = [
        f"{key} × {translation.rules[key].factor:.4g}"
        for key, value in softmax.items()
        if translation.settings[key] != value
    ]
    return ", ".join(changed) or "as it is"


def _conserves(case: Case) -> bool:
    """Tell whether nothing but gradients moves the weights, so that θ0 + θ1 has to stay."""
    pulls = ("weight_decay", "l1", "l2")
    return case.softmax["optimizer"] not in ("ftrl", "muon") and not any(
        key in case.softmax for key in pulls
    )


def _jobs(case: Case, problem: Problem) -> list[Job]:
    def pair(prefix: str, antisymmetric: bool, **extra: Any) -> tuple[Job, Job]:
        softmax = _start(problem, case, antisymmetric)
        mapped = translate(case.softmax).settings
        return (
            Job(f"{case.name}: {prefix}softmax", "softmax", case.softmax | extra, *softmax),
            Job(
                f"{case.name}: {prefix}mapped", "sigmoid", mapped | extra, *match_sigmoid(*softmax)
            ),
        )

    softmax, mapped = pair("", case.antisymmetric)
    changes = dict(case.naive)
    kernel, bias = mapped.kernel, mapped.bias
    match changes.pop("start", ""):
        case "own":
            kernel = np.random.default_rng(problem.seed + 1).uniform(-0.3, 0.3, kernel.shape)
        case "no bias":
            bias = np.zeros_like(bias)
    naive = Job(f"{case.name}: naive", "sigmoid", mapped.settings | changes, kernel, bias)
    unmet = {"antisymmetric": case.antisymmetric} | case.unmet
    return [softmax, mapped, naive, *(pair("unmet ", **unmet) if case.unmet else ())]


def _start(problem: Problem, case: Case, antisymmetric: bool) -> tuple[np.ndarray, np.ndarray]:
    trunk = "trunk_learning_rate" in case.softmax
    features = TRUNK_UNITS if trunk else problem.split.X_train.shape[1]
    theta = np.random.default_rng(problem.seed).uniform(-0.3, 0.3, (features, 2))
    start = theta, np.array(case.bias)
    return match_softmax(*match_sigmoid(*start)) if antisymmetric else start


def _train(jobs: list[Job], problem: Problem) -> dict[str, Trained]:
    """Train all jobs: in one pass of the bank what is columns of one kernel, the rest alone."""
    together = [job for job in jobs if _fits_the_bank(job)]
    alone = [job for job in jobs if not _fits_the_bank(job)]
    trained = _in_the_bank(together, problem)
    for done, job in enumerate(alone, start=1):
        trained[job.name] = _by_itself(job, problem)
        log.info(
            "%s",
            job.name,
            extra={"counted": ("settings that are trained by themselves", done, len(alone))},
        )
    return trained


def _fits_the_bank(job: Job) -> bool:
    mixing = ("clipnorm", "global_clipnorm", *APART[:-1])
    return job.settings["optimizer"] not in config.ALONE and not any(
        key in job.settings for key in mixing
    )


def _in_the_bank(jobs: list[Job], problem: Problem) -> dict[str, Trained]:
    from twinhead import bank

    starts = {job.name: (job.kernel, job.bias) for job in jobs}
    optimizers, arms = {}, []
    for job in jobs:
        options = _options(job.settings)
        name = repr(options)
        optimizers[name] = options
        rate = job.settings["learning_rate"]
        arms.append(Arm(job.name, job.head, "", name, rate, 1.0, problem.seed, "common", "float64"))
    recipe = config.Training(batch_size=problem.batch_size, epochs=problem.epochs, dropout=0.0)
    records = bank.train(
        arms,
        recipe,
        problem.split,
        initial=lambda arm, _: starts[arm.name],
        optimizers=optimizers,
        parts=["validation"],
    )
    X, _ = problem.rows()
    return {
        record.arm.name: Trained(
            record.arm.head,
            X @ record.weights["kernel"] + record.weights["bias"][:, None],
            record.weights["kernel"],
        )
        for record in records
    }


def _options(settings: dict[str, Any]) -> dict[str, Any]:
    """Return what Keras's optimizer of these settings is built with, its rate left out."""
    options = {k: v for k, v in settings.items() if k not in (*APART, "learning_rate")}
    if "ema_momentum" in options:
        options |= {"use_ema": True, "ema_overwrite_frequency": 10}
    if settings["optimizer"] == "muon":
        options["rms_rate"] = None  # A constant of the rate, which Keras has in float32 alone.
    return {"name": settings["optimizer"]} | options


def _by_itself(job: Job, problem: Problem) -> Trained:
    """Train one job with Keras alone: its losses, its regularisers, its optimizers."""
    from twinhead import heads
    from twinhead.backend import keras, tf

    settings, split = job.settings, problem.split
    rows, features = split.X_train.shape
    steps = rows // problem.batch_size
    kernel, bias = (keras.Variable(start, dtype="float64") for start in (job.kernel, job.bias))
    own = [kernel, bias]
    rate = settings["learning_rate"]
    if "schedule" in settings:
        every = problem.epochs * steps
        rate = keras.optimizers.schedules.CosineDecay(
            0.0, every, warmup_target=rate, warmup_steps=round(WARM_UP * every)
        )
    options = _options(settings)
    trunk, clip = None, None
    if "trunk_learning_rate" in settings:
        start = np.random.default_rng(problem.seed).standard_normal((features, TRUNK_UNITS))
        trunk = keras.Variable(start / np.sqrt(features), dtype="float64")
        clip = options.pop("global_clipnorm", None)
        beneath = heads.optimizer({"name": "sgd"}, settings["trunk_learning_rate"])
        beneath.build([trunk])
    optimizer = heads.optimizer(options, rate)
    optimizer.build(own)

    smooth = {"label_smoothing": settings.get("label_smoothing", 0.0), "dtype": "float64"}
    losses = {
        "softmax": keras.losses.CategoricalCrossentropy(from_logits=True, **smooth),
        "sigmoid": keras.losses.BinaryCrossentropy(from_logits=True, **smooth),
    }
    pull = keras.regularizers.L1L2(settings.get("l1", 0.0), settings.get("l2", 0.0))
    weights = np.where(split.y_train == 1, settings.get("class_weight", 1.0), 1.0)
    if settings.get("sample_weight"):
        weights = np.random.default_rng(problem.seed).uniform(0.2, 2.0, rows)
    labels = split.y_train[:, None].astype(np.float64)
    if job.head == "softmax":
        labels = np.hstack([1 - labels, labels])
    X, labels = tf.constant(split.X_train.astype(np.float64)), tf.constant(labels)
    weights = tf.constant(weights * settings.get("loss_scale", 1.0))

    def logits_of(inputs: tf.Tensor) -> tf.Tensor:
        hidden = inputs if trunk is None else tf.tanh(inputs @ trunk.value)
        return hidden @ kernel.value + bias.value

    @tf.function
    def run_epoch(order: tf.Tensor, kept: tf.Tensor) -> None:
        for step in tf.range(steps):
            visited = order[step]
            with tf.GradientTape() as tape:
                logits = logits_of(tf.gather(X, visited) * kept[step])
                loss = losses[job.head](
                    tf.gather(labels, visited), logits, sample_weight=tf.gather(weights, visited)
                )
                loss += pull(kernel.value)
            variables = own if trunk is None else [*own, trunk]
            gradients = tape.gradient(loss, [variable.value for variable in variables])
            if clip is not None:
                gradients, _ = tf.clip_by_global_norm(gradients, clip)
            optimizer.apply(gradients[:2])
            if trunk is not None:
                beneath.apply(gradients[2:])

    dropout = settings.get("dropout", 0.0)
    every_row = tf.constant(problem.rows()[0])
    found = [(logits_of(every_row).numpy(), kernel.numpy())]
    for epoch in range(1, problem.epochs + 1):
        masks = noise.unpacked(noise.masks(problem.seed, epoch, rows, features, dropout), features)
        order = noise.order(problem.seed, epoch, rows)
        run_epoch(
            tf.constant(order.reshape(steps, -1)),
            tf.constant((masks / (1 - dropout)).reshape(steps, -1, features)),
        )
        found.append((logits_of(every_row).numpy(), kernel.numpy()))
    logits, kernels = map(np.stack, zip(*found, strict=True))
    return Trained(job.head, logits, kernels)


def _gaps(sigmoid: Trained, softmax: Trained, problem: Problem) -> tuple[float, float]:
    """Return the largest gap over epochs: of the mean loss, and of any row's log-odds."""
    from twinhead import heads

    _, y = problem.rows()
    losses = []
    for trained in (sigmoid, softmax):
        units = heads.UNITS[trained.head]
        one = np.eye(units), np.zeros(units)  # The logits are there: they go through as they are.
        losses.append(
            [heads.evaluate(trained.head, *one, logits, y)[0, 0] for logits in trained.logits]
        )
    loss_gap = np.abs(np.subtract(*losses)).max()
    return float(loss_gap), float(np.abs(sigmoid.odds() - softmax.odds()).max())


def _impossible(problem: Problem) -> dict[str, float]:
    """Search the factor of global_clipnorm, with a layer under the head and without one."""
    from scipy.optimize import minimize_scalar

    numbers = {}
    for case in CASES:
        if "global_clipnorm" not in case.softmax:
            continue
        softmax, mapped, *_ = _jobs(case, problem)
        reference = _by_itself(softmax, problem)

        def gap(log_factor: float, softmax=softmax, mapped=mapped, reference=reference) -> float:
            threshold = softmax.settings["global_clipnorm"] * np.exp(log_factor)
            job = replace(mapped, settings=mapped.settings | {"global_clipnorm": threshold})
            return _gaps(_by_itself(job, problem), reference, problem)[1]

        best = minimize_scalar(
            gap, bounds=np.log([0.5, 2.0]), method="bounded", options={"maxiter": 15, "xatol": 1e-7}
        )
        numbers[f"{case.name}: best factor"] = float(np.exp(best.x))
        numbers[f"{case.name}: gap at the best factor"] = float(best.fun)
    return numbers


CLASS_STEPS, CLASS_RATE = 300, 0.5


def _classes(seed: int) -> list[Row]:
    """Train K − 1 reference-coded logits beside K softmax units, with and without I + 11ᵀ.

    Full-batch gradient descent on scikit-learn's digits; the first class is the reference.
    """
    from scipy.optimize import minimize_scalar
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    rows = []
    for classes in (2, 3, 10):
        own = y < classes
        train = _descent(X[own] / 16, y[own], classes)
        theta = np.random.default_rng(seed).uniform(-0.3, 0.3, (X.shape[1], classes))
        reference = train(theta, np.eye(classes))

        def gap(factor: np.ndarray, theta=theta, train=train, reference=reference) -> float:
            return float(np.abs(train(theta[:, 1:] - theta[:, :1], factor) - reference).max())

        one = np.eye(classes - 1)
        mixing = one + np.ones_like(one)
        best = minimize_scalar(
            lambda factor, one=one, gap=gap: gap(factor * one),
            bounds=(0.5, classes + 1.0),
            method="bounded",
            options={"xatol": 1e-7},
        )
        eigenvalues = np.linalg.eigvalsh(mixing)
        rows.append(
            {
                "classes": classes,
                "mixed_gap": gap(mixing),
                "naive_gap": gap(one),
                "best_factor": float(best.x),
                "best_gap": float(best.fun),
                "largest_eigenvalue": float(eigenvalues[-1]),
                "smallest_eigenvalue": float(eigenvalues[0]),
                "eigenvalues_of_one": int(np.isclose(eigenvalues, 1, atol=1e-12).sum()),
            }
        )
    return rows


def _descent(X: np.ndarray, y: np.ndarray, classes: int) -> Callable[..., np.ndarray]:
    """Return a function (kernel, factor) -> losses before every step of kernel -= rate g factor.

    A kernel with a column too few has the reference's logit, zero, in front.
    """
    from twinhead.backend import tf

    inputs, labels = tf.constant(X), tf.constant(y)

    @tf.function
    def descend(kernel: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
        losses = tf.TensorArray(tf.float64, CLASS_STEPS)
        for step in tf.range(CLASS_STEPS):
            with tf.GradientTape() as tape:
                tape.watch(kernel)
                logits = tf.pad(inputs @ kernel, [[0, 0], [classes - kernel.shape[1], 0]])
                loss = tf.reduce_mean(
                    tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
                )
            losses = losses.write(step, loss)
            kernel -= CLASS_RATE * tape.gradient(loss, kernel) @ factor
        return losses.stack()

    return lambda kernel, factor: descend(tf.constant(kernel), tf.constant(factor)).numpy()


# Adam's steps are as long as its rate whatever the gradient: errors of both kinds are shown.
LONG = {"sgd": 0.05, "adam": 0.001}


def _float32(settings: config.Law, split: data.Split) -> list[Row]:
    """Train matched heads for long and return the loss gap by step, in both precisions."""
    from twinhead import bank

    optimizers = {"sgd": {"name": "sgd"}, "adam": {"name": "adam"}}
    steps = -(-len(split.y_train) // settings.batch_size)
    epochs = -(-settings.long_steps // steps)
    arms = [
        Arm(
            name=f"{head} {ratio} {name} {precision}",
            head=head,
            init="transfer" if head == "sigmoid" else "random",
            optimizer=name,
            learning_rate=rate * ratio,
            lr_ratio=ratio,
            seed=settings.seed,
            noise="common",
            precision=precision,
        )
        for precision in ("float32", "float64")
        for name, rate in LONG.items()
        for head, ratio in (("softmax", 1.0), ("sigmoid", 2.0), ("sigmoid", 1.0))
    ]
    recipe = config.Training(batch_size=settings.batch_size, epochs=epochs, dropout=0.0)
    records = bank.train(arms, recipe, split, optimizers=optimizers, parts=["validation"])
    rows = []
    for softmax, mapped, naive in zip(*[iter(records)] * 3, strict=True):
        for epoch in np.unique(np.geomspace(1, epochs, 60).astype(int)):
            row: Row = {
                "optimizer": softmax.arm.optimizer,
                "precision": softmax.arm.precision,
                "steps": int(epoch * steps),
            }
            until = slice(epoch + 1)
            largest = np.abs(softmax.logit_weights()[until]).max()
            for role, other in (("mapped", mapped), ("naive", naive)):
                apart = np.abs(other.logit_weights() - softmax.logit_weights())[until].max()
                row[f"{role}_loss_gap"] = float(np.abs(other.loss() - softmax.loss())[until].max())
                row[f"{role}_weight_gap"] = float(apart / largest)
            rows.append(row)
    return rows


OPTIMUM_FEATURES = 2  # In all thirty breast cancer is separable, and has no optimum.


def _optimum(settings: config.Law) -> dict[str, float]:
    """Compare the heads' optima with LogisticRegression's: without a penalty, and with C."""
    from scipy.optimize import minimize
    from sklearn.linear_model import LogisticRegression

    from twinhead.backend import keras, tf

    split = data.split(data.load(config.BreastCancer()), 0.2, settings.seed)
    X, y = split.X_train.astype(np.float64), split.y_train

    def optimum(head: str, X: np.ndarray, l2: float) -> np.ndarray:
        """Return β, or θ1 − θ0, and b of the head's optimum; L-BFGS on Keras's loss."""
        units = 2 if head == "softmax" else 1
        labels = np.stack([1 - y, y], axis=1)[:, -units:].astype(np.float64)
        loss = (
            keras.losses.CategoricalCrossentropy(from_logits=True, dtype="float64")
            if head == "softmax"
            else keras.losses.BinaryCrossentropy(from_logits=True, dtype="float64")
        )

        @tf.function
        def value(weights: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            with tf.GradientTape() as tape:
                tape.watch(weights)
                kernel = tf.reshape(weights, (-1, units))
                total = loss(labels, X @ kernel[:-1] + kernel[-1])
                total += l2 * tf.reduce_sum(kernel[:-1] ** 2)
            return total, tape.gradient(total, weights)

        found = minimize(
            lambda w: [each.numpy() for each in value(tf.constant(w))],
            np.zeros((X.shape[1] + 1) * units),
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": 5000, "maxfun": 10000, "ftol": 0, "gtol": 1e-11},
        )
        kernel = found.x.reshape(-1, units)
        return kernel[:, -1] - kernel[:, 0] if units == 2 else kernel[:, 0]

    def regression(X: np.ndarray, C: float) -> np.ndarray:
        fit = LogisticRegression(C=C, solver="newton-cholesky", tol=1e-12, max_iter=1000).fit(X, y)
        return np.append(fit.coef_[0], fit.intercept_)

    def apart(a: np.ndarray, b: np.ndarray) -> float:
        return float(np.abs(a - b).max() / np.abs(b).max())

    few, C = X[:, :OPTIMUM_FEATURES], 1.0
    reference = regression(few, np.inf)
    # scikit-learn's sum of losses, and half the squares over C, as a mean: l2 = 1 / (2 C n).
    softmax = optimum("softmax", X, 1 / (2 * C * len(y)))
    return {
        "optimum, softmax": apart(optimum("softmax", few, 0.0), reference),
        "optimum, sigmoid": apart(optimum("sigmoid", few, 0.0), reference),
        "optimum, penalised": apart(optimum("sigmoid", few, 0.01), reference),
        "C of the sigmoid, twice": apart(softmax, regression(X, 2 * C)),
        "C of the sigmoid, the same": apart(softmax, regression(X, C)),
    }


def summarise(history: History) -> list[Row]:
    """Return a row a setting: the worst of its gaps over the data sets."""
    rows = []
    for setting, both in _by_setting(history).items():
        first = both[0]
        rows.append(
            {
                "setting": setting,
                "status": first["status"],
                "factors": first["factors"],
                "mapped": max(max(row["mapped_loss_gap"], row["mapped_logit_gap"]) for row in both),
                "naive": min(row["naive_loss_gap"] for row in both),
                "unmet": min(row["unmet_loss_gap"] for row in both),
            }
        )
    return rows


def _by_setting(history: History) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in history.tables["map"]:
        found.setdefault(row["setting"], []).append(row)
    return found


def judge(history: History) -> list[claims.Verdict]:
    return [
        *_of_the_map(history),
        *_of_the_impossible(history),
        *_of_the_sum(history),
        *_of_classes(history),
        *_of_float32(history),
        *_of_the_optimum(history),
    ]


SOURCE = "the general law, docs/theory.md"


def _of_the_map(history: History) -> list[claims.Verdict]:
    rows = {row["setting"]: row for row in summarise(history)}
    verdicts = []
    for number, case in enumerate(CASES, start=1):
        row = rows[case.name]
        if row["status"] == IMPOSSIBLE:
            continue
        shared = {
            "source": SOURCE,
            "expected": 0,
            "measured": row["mapped"],
            "tolerance": case.closed,
            "comparison": "equal",
            "reason": case.why_closed
            or "Float64: thousands of roundings, and no more, of numbers near 1.",
        }
        if row["status"] == EXACT:
            verdicts.append(
                claims.judge(
                    id=f"{number:02}",
                    claim=f"{case.name}: mapped, both heads give every row the same log-odds at "
                    "every epoch (largest gap, both data sets)",
                    control="the setting as somebody without the map would have it (loss gap)",
                    control_measured=row["naive"],
                    **shared,
                )
            )
        else:
            (condition,) = translate(case.softmax).conditions
            for letter, control, gap in (
                ("a", "the setting as somebody without the map would have it", row["naive"]),
                ("b", "the condition is not met", row["unmet"]),
            ):
                verdicts.append(
                    claims.judge(
                        id=f"{number:02}{letter}",
                        claim=f"{case.name}: mapped, both heads give every row the same log-odds "
                        f"at every epoch, if {condition} (largest gap, both data sets)",
                        control=f"{control} (loss gap)",
                        control_measured=gap,
                        **shared,
                    )
                )
    exact = [row for row in rows.values() if row["status"] == EXACT]
    verdicts.append(
        claims.judge(
            id=f"{len(CASES) + 1}",
            claim=f"Every one of the {len(exact)} exact settings matters: not mapped, it opens the "
            "loss gap (smallest of them)",
            source=SOURCE,
            expected=OPEN,
            measured=min(row["naive"] for row in exact),
            tolerance=0,
            comparison="at least",
            reason="A thousandth of a nat is seen in any plot of the loss.",
            control="mapped (largest of them)",
            control_measured=max(row["mapped"] for row in exact),
        )
    )
    return verdicts


def _of_the_impossible(history: History) -> list[claims.Verdict]:
    with_trunk, without = (
        history.numbers[f"{case.name}: gap at the best factor"]
        for case in sorted(
            (case for case in CASES if "global_clipnorm" in case.softmax),
            key=lambda case: "trunk_learning_rate" not in case.softmax,
        )
    )
    return [
        claims.judge(
            id="I",
            claim="global_clipnorm over a trained layer under the head: no factor of the threshold "
            "keeps the log-odds together (gap at the best of a bounded search, breast cancer)",
            source=SOURCE,
            expected=OPEN,
            measured=with_trunk,
            tolerance=0,
            comparison="at least",
            reason="A thousandth is far above what the search leaves of a factor that exists.",
            control="the same search with nothing under the head, where √½ exists",
            control_measured=without,
            data="breast cancer (Wisconsin)",
        )
    ]


def _of_the_sum(history: History) -> list[claims.Verdict]:
    rows = history.tables["map"]
    random = {case.name for case in CASES if not case.antisymmetric}
    kept = [row["theta_sum_drift"] for row in rows if row["theta_sum_conserved"]]
    pulled = [
        row["theta_sum_drift"]
        for row in rows
        if not row["theta_sum_conserved"] and row["setting"] in random
    ]
    return [
        claims.judge(
            id="S",
            claim=f"θ0 + θ1 does not change wherever only gradients move the weights ({len(kept)} "
            "trainings; largest change)",
            source=SOURCE,
            expected=0,
            measured=max(kept),
            tolerance=CLOSED,
            comparison="equal",
            reason="Float64: thousands of roundings, and no more, of numbers near 1.",
            control="under L2, weight decay, Muon's decay and Ftrl it does (smallest change)",
            control_measured=min(pulled),
        )
    ]


def _of_classes(history: History) -> list[claims.Verdict]:
    rows = history.tables["classes"]
    several = [row for row in rows if row["classes"] > 2]
    shared = {"source": SOURCE, "data": "scikit-learn's digits"}
    return [
        claims.judge(
            id="Ka",
            claim="K classes: K − 1 reference-coded logits have the loss of K softmax units at "
            "every step if their gradient is multiplied by I + 11ᵀ (K = 2, 3, 10; largest gap)",
            expected=0,
            measured=max(row["mixed_gap"] for row in rows),
            tolerance=CLOSED,
            comparison="equal",
            reason="Float64: thousands of roundings, and no more, of numbers near 1.",
            control="the gradient as it is (smallest gap)",
            control_measured=min(row["naive_gap"] for row in rows),
            **shared,
        ),
        claims.judge(
            id="Kb",
            claim="K = 3 and 10: no single factor of the rate does (smallest gap at the best of a "
            "bounded search)",
            expected=OPEN,
            measured=min(row["best_gap"] for row in several),
            tolerance=0,
            comparison="at least",
            reason="A thousandth is far above what the search leaves of a factor that exists.",
            control="K = 2, where 2 does",
            control_measured=rows[0]["best_gap"],
            **shared,
        ),
        claims.judge(
            id="Kc",
            claim="I + 11ᵀ has the eigenvalue K once and 1 else: at K = 2 it is the 2 (how many "
            "are off)",
            expected=0,
            measured=_off(rows, lambda classes: classes),
            tolerance=0,
            comparison="equal",
            reason="A count is exact.",
            control="the largest eigenvalue is K − 1",
            control_measured=_off(rows, lambda classes: classes - 1),
            **shared,
        ),
    ]


def _off(rows: list[Row], largest: Callable[[int], int]) -> int:
    return sum(
        abs(row["largest_eigenvalue"] - largest(row["classes"])) > CLOSED
        or row["eigenvalues_of_one"] != row["classes"] - 2
        for row in rows
    )


def _of_float32(history: History) -> list[claims.Verdict]:
    ends = {}
    for row in history.tables["float32"]:
        if row["precision"] == "float32":
            ends[row["optimizer"]] = row  # The last one of each stays.
    rounding = float(np.finfo(np.float32).eps) / 2
    return [
        claims.judge(
            id="F",
            claim=f"Float32: after {max(row['steps'] for row in ends.values())} steps the weights "
            "of the log-odds are apart by less than one rounding a step (share of it, largest of "
            f"{' and '.join(ends)})",
            source="each step rounds each weight once, and convexity does not amplify it",
            expected=1,
            measured=max(
                row["mapped_weight_gap"] / row["steps"] / rounding for row in ends.values()
            ),
            tolerance=0,
            comparison="at most",
            reason="Half a unit in the last place a step is what addition may lose.",
            control="equal rates",
            control_measured=min(
                row["naive_weight_gap"] / row["steps"] / rounding for row in ends.values()
            ),
            data="breast cancer (Wisconsin)",
        )
    ]


def _of_the_optimum(history: History) -> list[claims.Verdict]:
    numbers = history.numbers
    shared = {
        "expected": 0,
        "tolerance": 1e-6,
        "comparison": "equal",
        "reason": "Both solvers stop at gradients of 1e-11; the weights are near 1.",
    }
    return [
        *(
            claims.judge(
                id=f"O{letter}",
                claim=f"The {head} head's optimum is LogisticRegression's without a penalty "
                "(largest relative difference of a weight)",
                source="scikit-learn",
                measured=numbers[f"optimum, {head}"],
                control="the optimum under a small L2",
                control_measured=numbers["optimum, penalised"],
                data=f"breast cancer (Wisconsin), {OPTIMUM_FEATURES} features",
                **shared,
            )
            for letter, head in (("a", "softmax"), ("b", "sigmoid"))
        ),
        claims.judge(
            id="Oc",
            claim="The optimum of a softmax head with inverse regularisation C is that of "
            "scikit-learn's binary LogisticRegression with 2C (largest relative difference)",
            source="scikit-learn; " + SOURCE,
            measured=numbers["C of the sigmoid, twice"],
            control="with C",
            control_measured=numbers["C of the sigmoid, the same"],
            data="breast cancer (Wisconsin)",
            **shared,
        ),
    ]


def draw(history: History) -> dict:
    from twinhead.figures import law as figures

    rows = summarise(history)
    return {
        "slide": figures.slide(history, rows, history.tables["float32"]),
        "map": figures.settings_map(history, rows),
        "float32": figures.float32_gap(history.tables["float32"]),
    }


EXPERIMENT = runs.Experiment(
    "law", "Which setting maps by which factor", measure, judge, draw, table=summarise
)

if __name__ == "__main__":
    config.launch("law", partial(runs.execute, EXPERIMENT))
