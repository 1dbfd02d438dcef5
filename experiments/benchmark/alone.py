"""What trains one arm at a time, with noise of its own: Keras's `fit` and scikit-learn."""

import numpy as np
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import log_loss

from twinhead.experiments.benchmark.contenders import Problem
from twinhead.results.arm import Arm
from twinhead.training import heads
from twinhead.training.backend import keras


def with_fit(problem: Problem) -> np.ndarray:
    """Train one softmax head as the article does: probabilities, one-hot labels, `model.fit`.

    Returns the validation loss after every epoch alone, as the article has it.
    """
    (arm,), split, recipe = problem.arms, problem.split, problem.recipe
    # The softmax arm of which the sigmoid's start and rate are the match.
    softmax = Arm("softmax", "softmax", arm.learning_rate / 2, arm.seed)
    kernel, bias = heads.initial(softmax, split.X_train.shape[1])
    keras.utils.set_random_seed(arm.seed)
    model = keras.Sequential(
        [
            keras.Input((len(kernel),)),
            keras.layers.Dropout(recipe.dropout),
            keras.layers.Dense(2, activation="softmax", name="head"),
        ]
    )
    model.get_layer("head").set_weights([kernel, bias])
    model.compile(
        optimizer=keras.optimizers.SGD(softmax.learning_rate),
        loss="categorical_crossentropy",
        metrics=["accuracy"],
    )
    fitted = model.fit(
        split.X_train,
        keras.utils.to_categorical(split.y_train, 2),
        batch_size=recipe.batch_size,
        epochs=recipe.epochs,
        validation_data=(split.X_validation, keras.utils.to_categorical(split.y_validation, 2)),
        verbose=0,
    )
    return np.array(fitted.history["val_loss"])[:, None]


def with_scikit_learn(problem: Problem) -> np.ndarray:
    """Train one arm with SGDClassifier: the same loss, but row by row and without dropout."""
    (rate,), split = problem.rates, problem.split
    X_train = split.X_train.astype(np.float64)  # Started from float64 weights it takes no other.
    # A batch's mean gradient at `rate` is as much as each of its rows' at a share of it.
    model = SGDClassifier(
        loss="log_loss",
        alpha=0.0,
        penalty=None,
        learning_rate="constant",
        eta0=float(rate) / problem.recipe.batch_size,
        random_state=problem.seed,
    )
    model.coef_, model.intercept_ = problem.kernel.T.astype(np.float64), problem.bias * 1.0
    losses = []
    for _ in range(problem.recipe.epochs):
        model.partial_fit(X_train, split.y_train, classes=[0, 1])
        losses.append(log_loss(split.y_validation, model.predict_proba(split.X_validation)))
    return np.array(losses)[:, None]
