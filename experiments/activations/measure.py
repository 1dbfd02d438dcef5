"""Activation functions: curves and slopes, ranges, dying units, and what an element costs.

    python experiments/activations.py
    python experiments/activations.py steps=1000 elements=10000000

All functions are Keras's own. Costs are of this machine, and change from run to run.
"""

import logging
import time
from functools import partial

import numpy as np

from twinhead import claims, config, data, runs
from twinhead.history import History, Row

log = logging.getLogger("twinhead.activations")

CURVE = np.linspace(-6, 8, 281)  # Has 0 and 6, where some have kinks.
FAR = np.array([-1000.0, -100.0, 100.0, 1000.0])
ENDS = np.array([-10.0, 10.0])  # Where slopes tell whether a function saturates.
NORMAL = np.linspace(-12, 12, 48001)  # To take means over x ~ N(0, 1).
# The article's slope of leaky ReLU, and what PReLU starts from in PyTorch; Keras starts from 0.
LEAK, LEARNT_LEAK = 0.01, 0.25
SWISH = "swish, β = 1"
TRAINED = ("ReLU", "leaky ReLU", "ELU")
SAMPLES, INPUTS = 256, 4
DEPTH, WIDTH = 20, 64  # Of the network whose gradient explodes.


def measure(settings: config.Activations) -> History:
    log.info(
        "%d timings of each function on %d elements; starting TensorFlow",
        *(settings.repeats, settings.elements),
    )
    history = History(dict(data.CLOSED_FORMS))
    random = np.random.default_rng(settings.seed)
    calls = _functions("float64", settings.betas)
    values = {name: _values(call, CURVE) for name, call in calls.items()}
    slopes = {name: _slopes(call, CURVE) for name, call in calls.items()}
    history.tables["curves"] = [
        {"activation": name, "x": float(x), "value": float(value), "slope": float(slope)}
        for name in calls
        for x, value, slope in zip(CURVE, values[name], slopes[name], strict=True)
    ]
    history.tables["facts"] = [_facts(name, call) for name, call in calls.items()]
    history.tables["timings"] = _timings(settings, random)
    history.numbers |= _printed(calls) | _formulas(calls) | _saturation(random)
    history.numbers |= _deep(random)
    for name in TRAINED:
        history.tables.setdefault("training", []).extend(_train(settings, name))
    history.numbers |= _dying(settings)
    return history


def _functions(precision: str, betas: list[float]) -> dict:
    """Return every activation by name, as a function of a tensor of shape (n, 1)."""
    from twinhead.backend import keras, tf

    of = keras.activations
    prelu = keras.layers.PReLU(keras.initializers.Constant(LEARNT_LEAK), dtype=precision)

    def swish(x, beta):
        return x * keras.ops.sigmoid(beta * x)

    return {
        "linear": of.linear,
        "sigmoid": of.sigmoid,
        "tanh": of.tanh,
        "ReLU": of.relu,
        "ReLU6": of.relu6,
        "leaky ReLU": partial(of.leaky_relu, negative_slope=LEAK),
        "PReLU": prelu,
        "ELU": of.elu,
        SWISH: of.silu,
        **{f"swish, β = {beta:g}": partial(swish, beta=beta) for beta in betas if beta != 1},
        "mish": of.mish,
        # The first of two classes; the other logit is 0.
        "softmax": lambda x: of.softmax(tf.concat([x, tf.zeros_like(x)], 1))[:, :1],
    }


def _values(call, x: np.ndarray) -> np.ndarray:
    return np.asarray(call(_column(x)))[:, 0]


def _slopes(call, x: np.ndarray) -> np.ndarray:
    """Return TensorFlow's derivative of `call`, element by element."""
    from twinhead.backend import tf

    column = _column(x)
    with tf.GradientTape() as tape:
        tape.watch(column)
        found = call(column)
    return tape.gradient(found, column).numpy()[:, 0]


def _column(x: np.ndarray):
    from twinhead.backend import tf

    return tf.constant(np.asarray(x)[:, None])


def _facts(name: str, call) -> Row:
    """Return range, slopes far out, falls and mean of a function."""
    x = np.sort([*CURVE, *FAR])
    values, slopes = _values(call, x), _slopes(call, ENDS)
    return {
        "activation": name,
        "lowest": float(values.min()),
        "highest": float(values.max()),
        "slope_at_minus_10": float(slopes[0]),
        "slope_at_10": float(slopes[1]),
        "falling_steps": int(np.count_nonzero(np.diff(_values(call, CURVE)) < -1e-12)),
        "mean_of_normal": _mean(call),
    }


def _mean(call) -> float:
    """Return the mean over x ~ N(0, 1), by the trapezoidal rule with a node in every kink."""
    from scipy import integrate, stats

    return float(integrate.trapezoid(_values(call, NORMAL) * stats.norm.pdf(NORMAL), NORMAL))


def _timings(settings: config.Activations, random: np.random.Generator) -> list[Row]:
    """Time every function in turn, then again; the first round is to warm up and left out."""
    from twinhead.backend import keras, tf

    calls = _functions("float32", settings.betas)
    rows_of_ten = settings.elements // 10
    x = tf.constant(random.standard_normal((10 * rows_of_ten, 1)), tf.float32)
    classes = tf.reshape(x, (rows_of_ten, 10))
    calls["softmax"] = lambda _: keras.activations.softmax(classes)
    timings = []
    for repeat in range(settings.repeats + 1):
        for name, call in calls.items():
            clock = time.perf_counter()
            np.asarray(call(x))  # Waits for the result, and makes no copy of it.
            seconds = time.perf_counter() - clock
            if repeat > 0:
                timings.append(
                    {
                        "activation": name,
                        "repeat": repeat,
                        "nanoseconds": 1e9 * seconds / (10 * rows_of_ten),
                    }
                )
    return timings


def _printed(calls: dict) -> dict[str, float]:
    """Return every number that the articles print here, as the libraries compute it."""
    from twinhead.backend import tf

    ends = {name: _values(calls[name], FAR) for name in ("sigmoid", "tanh", "ReLU", "ReLU6")}
    low, high = ends["sigmoid"].min(), ends["sigmoid"].max()
    negative = np.linspace(-100, -1e-9, 1001)
    left = _values(calls["leaky ReLU"], np.array([-2.0, -1.0]))
    found = {
        "001: FLOPs(sigmoid): neg, exp, add, div": _operations(lambda x: 1 / (1 + tf.exp(-x))),
        "001: FLOPs(ReLU): max": _operations(lambda x: tf.maximum(x, 0)),
        "002: sigmoid(0)": _values(calls["sigmoid"], np.zeros(1))[0],
        "004: inf sigmoid (said to be one of two output values)": low,
        "004: sup sigmoid (said to be one of two output values)": high,
        "004: inf tanh": ends["tanh"].min(),
        "004: sup tanh": ends["tanh"].max(),
        "004: inf ReLU": ends["ReLU"].min(),
        "004: sup ReLU": _values(calls["ReLU"], np.array([np.inf]))[0],
        "004: ReLU(x) for x < 0": np.abs(_values(calls["ReLU"], negative)).max(),
        "004: inf ReLU6": ends["ReLU6"].min(),
        "004: max ReLU6": ends["ReLU6"].max(),
        "004: slope of leaky ReLU for x < 0": left[1] - left[0],
        "004: mean ELU(x), alpha = 1, x ~ N(0, 1)": _mean(calls["ELU"]),
    }
    for article in ("001", "002", "003"):
        found |= {f"{article}: inf sigmoid": low, f"{article}: sup sigmoid": high}
    return {name: float(value) for name, value in found.items()}


def _operations(call) -> int:
    """Count the operations that TensorFlow traces, inputs and constants left out."""
    from twinhead.backend import tf

    graph = tf.function(call).get_concrete_function(tf.TensorSpec((), tf.float32)).graph
    given = ("Placeholder", "Const", "Identity", "NoOp")
    return sum(operation.type not in given for operation in graph.get_operations())


def _formulas(calls: dict) -> dict[str, float]:
    """Return how far functions are from what the articles say they are."""
    from twinhead.backend import keras, tf

    x = tf.constant(CURVE)
    of = keras.activations

    def apart(values, others) -> float:
        return float(np.abs(np.asarray(values) - np.asarray(others)).max())

    twice = keras.layers.PReLU(keras.initializers.Constant(2.0), dtype="float64")
    steep_elu = partial(of.elu, alpha=2.0)
    beside = np.array([-1e-6, 1e-6])
    far = tf.constant(FAR)
    return {
        "tanh to 2 sigmoid(2x) - 1": apart(of.tanh(x), 2 * of.sigmoid(2 * x) - 1),
        "tanh to 2 sigmoid(x) - 1": apart(of.tanh(x), 2 * of.sigmoid(x) - 1),
        "PReLU(1), a = 2": float(_values(twice, np.ones(1))[0]),
        "max(a x, x), a = 2, x = 1": float(tf.maximum(2.0, 1.0)),
        "mish to x tanh(softplus(x))": apart(of.mish(x), x * of.tanh(of.softplus(x))),
        "swish to x tanh(softplus(x))": apart(of.silu(x), x * of.tanh(of.softplus(x))),
        "swish, beta = 0, to x / 2": apart(x * keras.ops.sigmoid(0 * x), x / 2),
        "swish, beta = 100, to ReLU": apart(x * keras.ops.sigmoid(100 * x), of.relu(x)),
        "swish, beta = 1, to ReLU": apart(of.silu(x), of.relu(x)),
        "lowest swish, beta = 1": float(np.min(of.silu(tf.concat([x, far], 0)))),
        "lowest swish, beta = -1": float(np.min(far * keras.ops.sigmoid(-far))),
        "jump of ELU's slope at 0, alpha = 1": float(np.ptp(_slopes(calls["ELU"], beside))),
        "jump of ELU's slope at 0, alpha = 2": float(np.ptp(_slopes(steep_elu, beside))),
        "falling steps of softplus": float(np.count_nonzero(np.diff(of.softplus(x)) < -1e-12)),
    }


def _saturation(random: np.random.Generator) -> dict[str, float]:
    """Return where the sigmoid is exactly 1 in each precision, and how many outputs are binary."""
    from twinhead.backend import keras, tf

    found = {}
    for precision in ("float32", "float64"):
        low, high = 0.0, 100.0
        while high - low > 1e-4:
            middle = (low + high) / 2
            one = float(keras.activations.sigmoid(tf.constant(middle, precision))) == 1
            low, high = (low, middle) if one else (middle, high)
        found[f"sigmoid is 1 from, {precision}"] = high
    outputs = np.asarray(keras.activations.sigmoid(tf.constant(random.standard_normal(10_000))))

    def between(values: np.ndarray) -> float:
        return float(np.mean((values > 0.01) & (values < 0.99)))

    return found | {
        "share of sigmoids from 0.01 to 0.99": between(outputs),
        "share of sigmoids from 0.01 to 0.99, rounded": between(np.round(outputs)),
    }


def _deep(random: np.random.Generator) -> dict[str, float]:
    """Return how gradients grow through ReLU layers, and how two linear layers bend a line."""
    from twinhead.backend import keras, tf

    weights = random.standard_normal((DEPTH, WIDTH, WIDTH)) * np.sqrt(2 / WIDTH)
    found = {}
    for name, scale in (("weights twice as large", 2.0), ("He's weights", 1.0)):
        x = tf.constant(random.standard_normal((32, WIDTH)))
        with tf.GradientTape() as tape:
            tape.watch(x)
            layer = x
            for kernel in scale * weights:
                layer = keras.activations.relu(layer @ kernel)
            total = tf.reduce_sum(layer)
        growth = tf.norm(tape.gradient(total, x)) / np.sqrt(x.shape[0] * WIDTH)
        found[f"gradient through {DEPTH} ReLU layers, {name}"] = float(growth)
    a, b = tf.constant(random.standard_normal((2, 32, WIDTH)))

    def net(x, activation):
        return activation(x @ weights[0] + 1.0) @ weights[1] + 1.0

    for name in ("linear", "relu"):
        activation = getattr(keras.activations, name)
        ends = net(a, activation) + net(b, activation)
        bend = net((a + b) / 2, activation) - ends / 2
        found[f"bend of two layers, {name}"] = float(tf.reduce_max(tf.abs(bend)))
    return found


def _problem(settings: config.Activations):
    """Return inputs, targets and the first weights of the network that is trained."""
    random = np.random.default_rng(settings.seed)
    x = random.standard_normal((SAMPLES, INPUTS))
    y = np.sin(2 * x[:, :1]) + x[:, 1:2] ** 2
    hidden = random.standard_normal((INPUTS, settings.units)) * np.sqrt(2 / INPUTS)
    out = random.standard_normal((settings.units, 1)) * np.sqrt(1 / settings.units)
    return x, y, [hidden, np.zeros(settings.units), out, np.zeros(1)]


def _network(settings: config.Activations, activation):
    """Return the network, one hidden layer, holding its first weights; and inputs and targets."""
    from twinhead.backend import keras, tf

    x, y, weights = _problem(settings)
    net = keras.Sequential(
        [
            keras.Input((INPUTS,), dtype="float64"),
            keras.layers.Dense(settings.units, activation, dtype="float64"),
            keras.layers.Dense(1, dtype="float64"),
        ]
    )
    net.set_weights(weights)
    return net, tf.constant(x), tf.constant(y)


def _train(settings: config.Activations, name: str) -> list[Row]:
    """Return loss and dead units before every step of full-batch gradient descent.

    Dead is a unit none of whose weights gets any gradient, from no sample.
    """
    from twinhead.backend import keras, tf

    net, x, y = _network(settings, _functions("float64", settings.betas)[name])
    optimizer = keras.optimizers.SGD(settings.learning_rate)
    optimizer.build(net.trainable_variables)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((net(x) - y) ** 2)
        gradients = tape.gradient(loss, net.trainable_variables)
        optimizer.apply(gradients, net.trainable_variables)
        return loss, tf.reduce_all(tf.equal(gradients[0], 0), axis=0)

    rows = []
    for number in range(settings.steps + 1):
        loss, dead = step()
        rows.append(
            {
                "activation": name,
                "step": number,
                "loss": float(loss),
                "dead": int(np.count_nonzero(dead)),
            }
        )
    return rows


def _dying(settings: config.Activations) -> dict[str, float]:
    """Return the share of ReLU units that still learn: negative for some samples, or for all."""
    from twinhead.backend import keras, tf

    found = {}
    for name, bias in (("some", 0.0), ("all", -100.0)):
        net, x, y = _network(settings, keras.activations.relu)
        hidden = net.layers[0]
        hidden.bias.assign(np.full(settings.units, bias))
        inputs = (x @ hidden.kernel + hidden.bias).numpy()
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((net(x) - y) ** 2)
        gradient = tape.gradient(loss, hidden.kernel.value).numpy()
        affected = (inputs < 0).any(axis=0)
        learning = np.abs(gradient).max(axis=0) > 0
        found[f"share that learns, inputs negative for {name} samples"] = float(
            learning[affected].mean()
        )
    return found


def costs(history: History) -> list[Row]:
    """Return the median cost of each function in ReLUs, with the quartiles of its repeats."""
    timings = history.tables["timings"]
    found = {}
    for row in timings:
        found.setdefault(row["activation"], []).append(row["nanoseconds"])
    relu = float(np.median(found["ReLU"]))
    return [
        {
            "activation": name,
            "nanoseconds": float(np.median(each)),
            "in_relus": float(np.median(each)) / relu,
            "low": float(np.quantile(each, 0.25)) / relu,
            "high": float(np.quantile(each, 0.75)) / relu,
        }
        for name, each in found.items()
    ]


def _fact(history: History, activation: str, what: str) -> float:
    (row,) = (row for row in history.tables["facts"] if row["activation"] == activation)
    return row[what]


def judge(history: History) -> list[claims.Verdict]:
    return [
        *(
            claims.printed_numbers(f"1{letter}", article, "activations", history.numbers)
            for letter, article in (("a", "001"), ("b", "002"), ("c", "003"), ("d", "004"))
        ),
        *_sigmoid_claims(history),
        *_saturation_claims(history),
        *_shape_claims(history),
        *_training_claims(history),
        *_cost_claims(history),
    ]


def _sigmoid_claims(history: History) -> list[claims.Verdict]:
    numbers = history.numbers
    return [
        *(
            claims.judge(
                id=f"2{letter}",
                claim=f"In {precision} the sigmoid is exactly 1 from about {bits} ln 2 on; over "
                "the real numbers, as article 001 says, never",
                source="article 001, section 1",
                expected=bits * float(np.log(2)),
                measured=numbers[f"sigmoid is 1 from, {precision}"],
                tolerance=1.0,
                comparison="equal",
                reason="Where 1 minus half a float is rounded up; kernels differ by some bits.",
                control=f"in {other}",
                control_measured=numbers[f"sigmoid is 1 from, {other}"],
            )
            for letter, precision, bits, other in (
                ("a", "float32", 24, "float64"),
                ("b", "float64", 53, "float32"),
            )
        ),
        claims.judge(
            id="2c",
            claim="The sigmoid's mean is 1/2, not 0, for x ~ N(0, 1)",
            source="article 001, section 1",
            expected=0.5,
            measured=_fact(history, "sigmoid", "mean_of_normal"),
            tolerance=1e-6,
            comparison="equal",
            reason="The trapezoidal rule.",
            control="tanh",
            control_measured=_fact(history, "tanh", "mean_of_normal"),
        ),
        claims.judge(
            id="2d",
            claim="The sigmoid returns anything between 0 and 1 (share from 0.01 to 0.99, for "
            "x ~ N(0, 1)); article 004 says a binary value",
            source="article 004, activations, sigmoid",
            expected=0.9,
            measured=numbers["share of sigmoids from 0.01 to 0.99"],
            tolerance=0,
            comparison="at least",
            reason="Only inputs beyond 4.6 are left out.",
            control="rounded, as a threshold of 0.5 does",
            control_measured=numbers["share of sigmoids from 0.01 to 0.99, rounded"],
        ),
        claims.judge(
            id="2e",
            claim="tanh(x) = 2 sigmoid(2x) − 1 (largest deviation); article 004 says shifted, but "
            "it is scaled too, both ways",
            source="article 004, activations, tanh",
            expected=0,
            measured=numbers["tanh to 2 sigmoid(2x) - 1"],
            tolerance=1e-14,
            comparison="equal",
            reason="Rounding in float64.",
            control="2 sigmoid(x) − 1",
            control_measured=numbers["tanh to 2 sigmoid(x) - 1"],
        ),
    ]


def _saturation_claims(history: History) -> list[claims.Verdict]:
    shared = {
        "source": "article 004, activations, types",
        "expected": 0,
        "tolerance": 1e-3,
        "comparison": "equal",
        "reason": "A thousandth of the slope of x; e^-10 is 5e-5.",
    }
    said = "; article 004 says that ReLU and all its variants do not saturate"
    return [
        claims.judge(
            id=f"3{letter}",
            claim=f"{name} saturates (slope at x = {x}){said if letter == 'a' else ''}",
            measured=_fact(history, name, slope),
            control=f"{other}, which does not",
            control_measured=_fact(history, other, slope),
            **shared,
        )
        for letter, name, x, slope, other in (
            ("a", "ReLU", "−10", "slope_at_minus_10", "leaky ReLU"),
            ("b", "ReLU6", "10", "slope_at_10", "ReLU"),
            ("c", "ELU", "−10", "slope_at_minus_10", "PReLU"),
            ("d", SWISH, "−10", "slope_at_minus_10", "leaky ReLU"),
            ("e", "sigmoid", "10", "slope_at_10", SWISH),
        )
    ]


def _shape_claims(history: History) -> list[claims.Verdict]:
    numbers = history.numbers
    exact = {"tolerance": 1e-14, "comparison": "equal", "reason": "Rounding in float64."}
    return [
        claims.judge(
            id="4a",
            claim="PReLU is max(0, x) + a min(0, x): 1 at x = 1, whatever a, here 2; article 004's "
            "max(a x, x) is the same up to a = 1 only",
            source="article 004, activations, PReLU",
            expected=1,
            measured=numbers["PReLU(1), a = 2"],
            control="max(a x, x)",
            control_measured=numbers["max(a x, x), a = 2, x = 1"],
            **exact,
        ),
        claims.judge(
            id="4b",
            claim="Swish is not monotonic (steps of its curve that fall)",
            source="article 004, activations, Swish",
            expected=1,
            measured=_fact(history, SWISH, "falling_steps"),
            tolerance=0,
            comparison="at least",
            reason="One is enough.",
            control="softplus",
            control_measured=numbers["falling steps of softplus"],
        ),
        claims.judge(
            id="4c",
            claim="Swish is bounded below for β > 0 (lowest value, β = 1); article 004 lets β be "
            "learnt, and does not say so",
            source="article 004, activations, Swish",
            expected=-0.3,
            measured=numbers["lowest swish, beta = 1"],
            tolerance=0,
            comparison="at least",
            reason="Its minimum is −0.2785, at −1.28.",
            control="β = −1, down to x = −1000",
            control_measured=numbers["lowest swish, beta = -1"],
        ),
        claims.judge(
            id="4d",
            claim="Swish goes from the linear function to ReLU: with β = 0 it is x / 2 (largest "
            "deviation)",
            source="article 004, activations, Swish",
            expected=0,
            measured=numbers["swish, beta = 0, to x / 2"],
            control="β = 1, to ReLU",
            control_measured=numbers["swish, beta = 1, to ReLU"],
            **exact,
        ),
        claims.judge(
            id="4e",
            claim="Swish goes from the linear function to ReLU: with β = 100 it is nearly ReLU "
            "(largest deviation)",
            source="article 004, activations, Swish",
            expected=0,
            measured=numbers["swish, beta = 100, to ReLU"],
            tolerance=0.01,
            comparison="equal",
            reason="It is at most 0.2785 / β away.",
            control="β = 1",
            control_measured=numbers["swish, beta = 1, to ReLU"],
        ),
        claims.judge(
            id="4f",
            claim="Mish is an activation function, x tanh(softplus(x)) (largest deviation of "
            "Keras's); article 004 calls it a loss function",
            source="article 004, activations, Mish",
            expected=0,
            measured=numbers["mish to x tanh(softplus(x))"],
            control="swish",
            control_measured=numbers["swish to x tanh(softplus(x))"],
            **exact,
        ),
        claims.judge(
            id="4g",
            claim="ELU's mean is nearer to 0 than ReLU's, but not 0 (x ~ N(0, 1)); article 004 "
            "says mean 0",
            source="article 004, activations, ELU",
            expected=0.1,
            measured=_fact(history, "ELU", "mean_of_normal"),
            tolerance=0,
            comparison="at least",
            reason="Clearly not 0; the mean is 0.16, ReLU's 0.40.",
            control="tanh, whose mean is 0",
            control_measured=_fact(history, "tanh", "mean_of_normal"),
        ),
        claims.judge(
            id="4h",
            claim="ELU can be differentiated at 0 for α = 1 (jump of its slope); article 004 says "
            "for any α",
            source="article 004, activations, ELU",
            expected=0,
            measured=numbers["jump of ELU's slope at 0, alpha = 1"],
            tolerance=1e-5,
            comparison="equal",
            reason="The slopes are taken 1e-6 on either side.",
            control="α = 2",
            control_measured=numbers["jump of ELU's slope at 0, alpha = 2"],
        ),
        claims.judge(
            id="4i",
            claim="Without an activation two layers are one: their output bends nowhere (largest "
            "distance between the output halfway and the mean of the ends)",
            source="article 004, activations, what",
            expected=0,
            measured=numbers["bend of two layers, linear"],
            tolerance=1e-11,
            comparison="equal",
            reason="Rounding in float64, of sums of 64 products.",
            control="ReLU between them",
            control_measured=numbers["bend of two layers, relu"],
        ),
    ]


def _training_claims(history: History) -> list[claims.Verdict]:
    numbers, training = history.numbers, history.tables["training"]
    grows = f"gradient through {DEPTH} ReLU layers, "
    runs_of = {name: [row for row in training if row["activation"] == name] for name in TRAINED}
    dead = {name: own[-1]["dead"] for name, own in runs_of.items()}
    losses = [row["loss"] for name in ("ReLU", "leaky ReLU") for row in runs_of[name]]
    too_large = max(row["loss"] for row in runs_of["ReLU"]) > runs_of["ReLU"][0]["loss"]
    tested = bool(np.isfinite(losses).all() and too_large)
    return [
        claims.judge(
            id="5a",
            claim="With too large a rate ReLU units die (how many get no gradient in the end)",
            source="article 004, activations, ReLU",
            expected=1,
            measured=dead["ReLU"] if tested else None,
            tolerance=0,
            comparison="at least",
            reason="One is enough."
            if tested
            else "The rate is not too large, for no step raises the loss; or so large that the "
            "training diverges.",
            control="leaky ReLU, same data, weights and rate",
            control_measured=dead["leaky ReLU"] if tested else None,
        ),
        claims.judge(
            id="5b",
            claim="A ReLU unit dies if its input is negative for all samples, not for some (share "
            "of units that learn, negative for some); article 004 says that negative values kill",
            source="article 004, activations, ReLU",
            expected=1,
            measured=numbers["share that learns, inputs negative for some samples"],
            tolerance=0,
            comparison="equal",
            reason="A count is exact.",
            control="negative for all samples",
            control_measured=numbers["share that learns, inputs negative for all samples"],
        ),
        claims.judge(
            id="5c",
            claim=f"ReLU bounds no gradient: through {DEPTH} layers with weights twice He's it "
            "grows (factor); article 004 says that ReLU works against explosion",
            source="article 004, activations, ReLU",
            expected=1e4,
            measured=numbers[grows + "weights twice as large"],
            tolerance=0,
            comparison="at least",
            reason=f"2^{DEPTH} is 1e6; a hundredth leaves room for the draw.",
            control="He's weights",
            control_measured=numbers[grows + "He's weights"],
        ),
    ]


def _cost_claims(history: History) -> list[claims.Verdict]:
    by_name = {row["activation"]: row for row in costs(history)}
    sigmoid, relu = by_name["sigmoid"], by_name["ReLU"]
    numbers = history.numbers
    counted = numbers["001: FLOPs(sigmoid): neg, exp, add, div"] / numbers["001: FLOPs(ReLU): max"]
    told_apart = sigmoid["low"] > relu["high"] or sigmoid["high"] < relu["low"]
    source = "article 001, section 1"
    return [
        claims.judge(
            id="6a",
            claim="An element of sigmoid takes longer than one of ReLU (medians of repeats in "
            "turn; their ratio)",
            source=source,
            expected=1,
            measured=sigmoid["in_relus"] if told_apart else None,
            tolerance=0,
            comparison="at least",
            reason="Of this machine; the middle halves of the repeats do not overlap."
            if told_apart
            else "The middle halves of the repeats overlap: this machine cannot tell them apart.",
            control="the other way round",
            control_measured=1 / sigmoid["in_relus"] if told_apart else None,
        ),
        claims.judge(
            id="6b",
            claim=f"Counting operations, {counted:g} to 1, tells the order of magnitude of the "
            "cost at best (measured ratio in the counted one, as a power of 2)",
            source=source,
            expected=3,
            measured=abs(float(np.log2(sigmoid["in_relus"] / counted))),
            tolerance=0,
            comparison="at most",
            reason="Within a factor of 8 either way: memory, threads and the kernels decide.",
            control="linear, which does nothing, for sigmoid",
            control_measured=abs(float(np.log2(by_name["linear"]["in_relus"] / counted))),
        ),
    ]


def draw(history: History) -> dict:
    from twinhead.figures import activations as figures

    return {
        "curves": figures.activation_curves(history),
        "dead_units": figures.dead_units(history),
        "cost": figures.activation_cost(history, costs(history)),
    }


def table(history: History) -> list[Row]:
    return claims.beside_print("activations", history.numbers)


NOTES = (
    "Article 001 calls FLOPs operations per second; what it counts are operations. Written out, "
    "the sigmoid is four operations in TensorFlow too; its own sigmoid is one kernel.",
    "Timings are of this machine, in float32, on one array in turn, and change from run to run.",
    "Articles 002 and 003 give the sigmoid the closed range [0, 1]; no real x reaches the ends.",
    "Article 004 says that an activation normalises its input; linear, ReLU and swish do not.",
    "PyTorch's names are nn.ReLU, nn.LeakyReLU and nn.PReLU; article 004's spellings do not exist.",
    "PReLU's a is learnt, and 0.25 is what PyTorch starts from; Keras starts from 0.",
    "Swish's gains on ImageNet and beyond 42 layers are quoted, and cannot be measured here.",
    "Softmax has no curve of one variable: drawn is the first of two classes, the other logit 0.",
)

EXPERIMENT = runs.Experiment(
    "activations",
    "Activation functions",
    measure,
    judge,
    draw,
    table=table,
    notes=NOTES,
    illustrates={"cost": "001", "curves": "004", "dead_units": "004"},
)

if __name__ == "__main__":
    config.launch("activations", partial(runs.execute, EXPERIMENT))
