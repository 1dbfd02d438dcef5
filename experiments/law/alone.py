"""A job trained by Keras alone: its losses, its regularisers, its optimizers."""

import numpy as np

from twinhead.experiments.law.jobs import TRUNK_UNITS, Job, Problem, Trained, options
from twinhead.results.arm import Arm
from twinhead.results.history import Record
from twinhead.training import heads, noise
from twinhead.training.backend import keras, tf
from twinhead.training.passes import kept

WARM_UP = 0.1  # Of all steps, where there is a schedule.


def train(job: Job, problem: Problem) -> Trained:
    """Train one head, and a layer under it where there is one, on the problem's noise.

    A run that was killed finds again what it had trained.
    """
    what = "alone", job.head, job.settings, problem.seed, problem.batch_size, problem.epochs

    def record() -> list[Record]:
        arm = Arm("alone", job.head, job.settings["learning_rate"], problem.seed)
        trained = _train(job, problem)
        return [Record(arm, weights={"logits": trained.logits, "kernel": trained.kernel})]

    (found,) = kept(problem.split, what, [job.kernel, job.bias], record)
    return Trained(job.head, found.weights["logits"], found.weights["kernel"])


def _train(job: Job, problem: Problem) -> Trained:
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
    built_of = options(settings)
    trunk, clip = None, None
    if "trunk_learning_rate" in settings:
        start = np.random.default_rng(problem.seed).standard_normal((features, TRUNK_UNITS))
        trunk = keras.Variable(start / np.sqrt(features), dtype="float64")
        clip = built_of.pop("global_clipnorm", None)
        beneath = heads.optimizer({"name": "sgd"}, settings["trunk_learning_rate"])
        beneath.build([trunk])
    optimizer = heads.optimizer(built_of, rate)
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
