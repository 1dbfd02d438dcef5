"""Where do softmax and cross-entropy lose their digits, and which functions keep them?

Softmax written out against one that subtracts the maximum, losses from logits against losses from
probabilities, TensorFlow against Keras against SciPy, in float32 and float64:

    python experiments/numerics.py
    python experiments/numerics.py draws=100000 'sizes=geomspace(0.1,1000,101)'
"""

import logging
from functools import partial

import numpy as np

from twinhead import claims, config, data, runs
from twinhead.history import History, Row

log = logging.getLogger("twinhead.numerics")

PRECISIONS = ("float32", "float64")
# What the articles' examples start from; published.csv has where they are printed.
SPREAD = (-20.0, 10.0, 30.0)
LARGE = (123.0, 456.0, 789.0)
NODES = (2.0, 3.0, 5.0)
ARRAY = (1.0, 2.0, 3.0, 4.0, 5.0)
CLASSES, LABELS = 10, (1, 3)
PUSHED, TRUE_CLASS = (4.0, -4.0, 3.0), 2
# Article 003's [2, 3, 5] with another unit: shares without the exponential stay, with it they go.
SCALES = (0.1, 1.0, 10.0)
# Beyond it a loss from probabilities is clipped, in both precisions: 17 > -ln(1e-7) = 16.1.
CLIPPED_FROM = 17.0
LOGITS, PROBABILITIES, WRITTEN = "from logits", "from probabilities", "written out"


def measure(settings: config.Numerics) -> History:
    sizes = np.array(config.numbers(settings.sizes))
    log.info("%d logits, %d random samples; starting TensorFlow", len(sizes), settings.draws)
    history = History(dict(data.CLOSED_FORMS))
    random = np.random.default_rng(settings.seed)
    history.numbers |= _examples() | _limits() | _hardmax() | _shapes(random)
    history.numbers |= _random_losses(settings, random) | _saturation()
    history.numbers |= _two_classes(settings, random)
    history.tables["shares"] = _shares()
    history.tables["agreement"] = _agreement(settings, random)
    history.tables["errors"] = [
        row
        for head in ("softmax", "sigmoid")
        for precision in PRECISIONS
        for row in _errors(head, precision, sizes)
    ]
    return history


def _written_out(z):
    """Return softmax of the last axis as its formula says, in z's precision: it overflows."""
    from twinhead.backend import tf

    widened = tf.exp(z)
    return widened / tf.reduce_sum(widened, axis=-1, keepdims=True)


def _examples() -> dict[str, float]:
    """Return every number that the articles print here, as the libraries compute it."""
    from scipy import special

    from twinhead.backend import keras, tf

    def stable(z: tuple[float, ...]) -> np.ndarray:
        return keras.ops.convert_to_numpy(keras.ops.softmax(np.array(z)))

    nodes = tf.constant(NODES, tf.float32)
    array = tf.constant(ARRAY)
    spread, farthest = stable(SPREAD), np.array([-1000.0, 1000.0])
    hard = tf.one_hot(tf.argmax(SPREAD), len(SPREAD)).numpy()
    shifted = tf.constant(LARGE) - tf.reduce_max(LARGE)
    pairs = np.stack(np.meshgrid(np.linspace(-30, 30, 61), np.linspace(-30, 30, 61)), -1)
    sums = tf.reduce_sum(tf.nn.softmax(pairs), axis=-1).numpy()
    one_neuron = tf.nn.sigmoid(pairs[..., 0]) + tf.nn.sigmoid(-pairs[..., 0])
    with_exp = tf.nn.softmax(nodes).numpy()
    without = (nodes / tf.reduce_sum(nodes)).numpy()
    lists = {
        "001: softmax([-20, 10, 30])": spread,
        "001: [123, 456, 789] - max (the comment names no input)": shifted.numpy(),
        "003: [2, 3, 5] / 10": without,
        "003: softmax([2, 3, 5])": with_exp,
        "003: naive float64 softmax([123, 456, 789])": _written_out(np.array(LARGE)).numpy(),
        "003: softmax([123, 456, 789])": special.softmax(LARGE),
    }
    found = {f"{name}[{i}]": value for name, all in lists.items() for i, value in enumerate(all)}
    found |= {
        "001: sum softmax([-20, 10, 30])": spread.sum(),
        "001: one-hot argmax at the maximum": hard[np.argmax(SPREAD)],
        "001: one-hot argmax elsewhere": np.delete(hard, np.argmax(SPREAD)).max(),
        "001: lim t->inf max softmax(t [-20, 10, 30])": stable(1e4 * np.array(SPREAD)).max(),
        "001: sum softmax([x1, x2])": _farthest(sums, 1),
        "001: P + (the other class), one sigmoid neuron": _farthest(one_neuron.numpy(), 1),
        "003: np.max([1, 2, 3, 4, 5])": np.max(ARRAY),
        "003: tf.reduce_max([1, 2, 3, 4, 5])": tf.reduce_max(array).numpy(),
        "003: sum_i softmax_i": _farthest(sums, 1),
        "003: length of both outputs, shape=(3,)": with_exp.size,
    }
    for article in ("002", "003"):
        found[f"{article}: inf softmax_i"] = stable(farthest).min()
        found[f"{article}: sup softmax_i"] = stable(farthest).max()
    return {name: float(value) for name, value in found.items()}


def _farthest(values: np.ndarray, target: float) -> float:
    return float(values.flat[np.abs(values - target).argmax()])


def _limits() -> dict[str, float]:
    """Return the logits from which softmax written out is lost, and where the stable one is."""
    from twinhead.backend import tf

    found = {}
    for precision in PRECISIONS:
        low, high = 0.0, 2000.0
        while high - low > 1e-6:
            middle = (low + high) / 2
            finite = np.isfinite(tf.exp(tf.constant(middle, precision)).numpy())
            low, high = (middle, high) if finite else (low, middle)
        found[f"largest logit with a finite exponential, {precision}"] = low
        found[f"ln of the largest {precision}"] = float(np.log(np.finfo(precision).max))
    low_logits = tf.constant([-1000.0, -1001.0], tf.float64)
    for name, softmax in ((WRITTEN, _written_out), ("stable", tf.nn.softmax)):
        lost = np.count_nonzero(~np.isfinite(softmax(low_logits).numpy()))
        found[f"lost outputs at [-1000, -1001], {name}"] = float(lost)
    return found


def _shares() -> list[Row]:
    """Return the shares of [2, 3, 5], in three units, with the exponential and without."""
    from twinhead.backend import tf

    rows = []
    for scale in SCALES:
        z = tf.constant(NODES, tf.float64) * scale
        for way, shares in (
            ("without exponential", z / tf.reduce_sum(z)),
            ("softmax", tf.nn.softmax(z)),
        ):
            rows += [
                {"scale": scale, "way": way, "node": i, "logit": float(z[i]), "share": float(share)}
                for i, share in enumerate(shares.numpy())
            ]
    return rows


def _hardmax() -> dict[str, float]:
    """Return what softmax and log-sum-exp tend to when the logits are multiplied by 100."""
    from scipy.special import logsumexp

    from twinhead.backend import tf

    steep = 100 * np.array(ARRAY)
    soft = tf.nn.softmax(steep).numpy()
    hard = tf.one_hot(tf.argmax(ARRAY), len(ARRAY), dtype=tf.float64).numpy()
    return {
        "softmax(100 z) to one-hot argmax": float(np.abs(soft - hard).max()),
        "softmax(100 z) to the maximum": float(np.abs(soft - np.max(ARRAY)).min()),
        "logsumexp(100 z) / 100 to the maximum": float(abs(logsumexp(steep) / 100 - max(ARRAY))),
    }


def _shapes(random: np.random.Generator) -> dict[str, float]:
    """Return what comes out for several rows, several axes, and for sigmoid in softmax's place."""
    from scipy import special

    from twinhead.backend import keras, tf

    batch = random.standard_normal((2, 3))
    over_rows = keras.ops.convert_to_numpy(keras.ops.softmax(batch)).sum(axis=1)
    over_all = special.softmax(batch).sum(axis=1)  # Without an axis: over all entries.
    logits = random.standard_normal((2, 3, 4))
    labels = random.dirichlet(np.ones(4), (2, 3))  # Distributions, no one-hot rows.
    losses = tf.nn.softmax_cross_entropy_with_logits(labels=labels, logits=logits).numpy()
    expected = -(labels * special.log_softmax(logits, axis=-1)).sum(axis=-1)
    first = -(labels * special.log_softmax(logits, axis=0)).sum(axis=-1)
    z = tf.constant([2.0, 1.0, 0.0], tf.float64)
    each = tf.nn.sigmoid_cross_entropy_with_logits(labels=tf.ones_like(z), logits=z)
    return {
        "row sum of a batch, softmax of rows": _farthest(over_rows, 1),
        "row sum of a batch, softmax of all entries": _farthest(over_all, 1),
        "losses of shape (2, 3, 4), last axis": float(np.abs(losses - expected).max()),
        "losses of shape (2, 3, 4), first axis": float(np.abs(losses - first).max()),
        "losses for three logits": float(tf.size(each)),
        "losses for three logits, averaged": float(tf.size(tf.reduce_mean(each))),
        "sum of softmax([2, 1, 0])": float(tf.reduce_sum(tf.nn.softmax(z))),
        "sum of sigmoid([2, 1, 0])": float(tf.reduce_sum(tf.nn.sigmoid(z))),
    }


def _random_losses(settings: config.Numerics, random: np.random.Generator) -> dict[str, float]:
    """Return how far losses from logits and from probabilities are apart on ordinary logits.

    As article 003 has it: ten classes, normal logits, float32, the mean over pairs of samples.
    """
    from twinhead.backend import keras, tf

    samples = settings.draws + settings.draws % 2
    z = tf.constant(random.standard_normal((samples, CLASSES)), tf.float32)
    y = tf.one_hot(np.tile(LABELS, samples // 2), CLASSES)

    def of_pairs(y_pred, from_logits: bool) -> np.ndarray:
        losses = keras.losses.categorical_crossentropy(y, y_pred, from_logits=from_logits)
        return tf.reduce_mean(tf.reshape(losses, (-1, 2)), axis=1).numpy()

    logits, apart = of_pairs(z, True), of_pairs(tf.nn.softmax(z), False)
    twice = of_pairs(tf.nn.softmax(z), True)
    ulp = np.spacing(logits)
    names = (
        "003: mean CE(one_hot([1, 3]), z, from_logits=True), z ~ N(0, 1)",
        "003: mean CE(one_hot([1, 3]), softmax(z), from_logits=False), z ~ N(0, 1)",
    )
    return {
        names[0]: float(logits[0]),
        names[1]: float(apart[0]),
        "random logits, apart in ulp": float((np.abs(logits - apart) / ulp).max()),
        "random logits, softmax twice, apart in ulp": float((np.abs(logits - twice) / ulp).max()),
    }


def _saturation() -> dict[str, float]:
    """Return losses and gradients at [0, 200], class 0, and of [4, -4, 3] by two ways."""
    from twinhead.backend import keras, tf

    entropy = keras.losses.categorical_crossentropy
    found = {"Keras's epsilon": float(keras.config.epsilon())}
    for precision in PRECISIONS:
        z = tf.constant([[0.0, 200.0]], precision)
        y = tf.constant([[1.0, 0.0]], precision)
        for name, loss in (
            (LOGITS, lambda z, y: entropy(y, z, from_logits=True)),
            ("from TensorFlow's softmax", lambda z, y: entropy(y, tf.nn.softmax(z))),
            ("from Keras's softmax", lambda z, y: entropy(y, keras.activations.softmax(z))),
            (WRITTEN, lambda z, y: -tf.math.log(tf.gather(_written_out(z), 0, axis=-1))),
        ):
            with tf.GradientTape() as tape:
                tape.watch(z)
                losses = loss(z, y)
            slope = tape.gradient(losses, z)[0, 0]
            found[f"loss at [0, 200] {name}, {precision}"] = float(losses[0])
            found[f"gradient at [0, 200] {name}, {precision}"] = float(slope)
    y = tf.one_hot([TRUE_CLASS], len(PUSHED), dtype=tf.float64)
    z = tf.constant([PUSHED], tf.float64)
    found["loss of [4, -4, 3]"] = float(entropy(y, z, from_logits=True)[0])
    found["loss of [4, -4, 3], softmax twice"] = float(
        entropy(y, tf.nn.softmax(z), from_logits=True)[0]
    )
    return found


def _two_classes(settings: config.Numerics, random: np.random.Generator) -> dict[str, float]:
    """Return how far softmax over two logits is from sigmoid of their difference, in float64."""
    from twinhead.backend import keras, tf

    z = 5 * random.standard_normal((settings.draws, 2))
    p = keras.ops.convert_to_numpy(keras.ops.softmax(z))
    difference = z[:, 0] - z[:, 1]

    def largest(p: np.ndarray, logit: np.ndarray) -> float:
        return float(np.abs(p - tf.nn.sigmoid(logit).numpy()).max())

    return {
        "softmax(x1, x2) to sigmoid(x1 - x2)": largest(p[:, 0], difference),
        "softmax(x1, x2) to sigmoid(x1)": largest(p[:, 0], z[:, 0]),
        "P(class 1) to sigmoid(z1 - z0)": largest(p[:, 1], -difference),
        "P(class 1) to sigmoid(z0 - z1)": largest(p[:, 1], difference),
    }


def _agreement(settings: config.Numerics, random: np.random.Generator) -> list[Row]:
    """Return how far TensorFlow, Keras and SciPy are apart in eps, relative to losses above 1.

    Logits are wide (sd 10): from probabilities, the control, Keras must clip some of them.
    """
    from scipy import special

    from twinhead.backend import keras, tf

    rows = []
    for precision in PRECISIONS:
        z = (10 * random.standard_normal((settings.draws, CLASSES))).astype(precision)
        labels = random.integers(CLASSES, size=settings.draws)
        labels[0], z[0, 0] = 0, -40  # One to clip for certain, however few are drawn.
        onehot = np.eye(CLASSES, dtype=precision)[labels]
        logit, y = z[:, :1], onehot[:, :1]
        of_logit = special.log_expit(logit), special.log_expit(-logit)
        losses = {
            ("softmax", "SciPy"): -special.log_softmax(z, axis=1)[np.arange(len(z)), labels],
            ("softmax", "TensorFlow"): tf.nn.softmax_cross_entropy_with_logits(onehot, z),
            ("softmax", "Keras"): keras.losses.categorical_crossentropy(
                onehot, tf.constant(z), from_logits=True
            ),
            ("softmax", PROBABILITIES): keras.losses.categorical_crossentropy(
                onehot, tf.nn.softmax(z)
            ),
            ("sigmoid", "SciPy"): -np.where(y == 1, *of_logit)[:, 0],
            ("sigmoid", "TensorFlow"): tf.nn.sigmoid_cross_entropy_with_logits(y, logit)[:, 0],
            ("sigmoid", "Keras"): keras.losses.binary_crossentropy(
                y, tf.constant(logit), from_logits=True
            ),
            ("sigmoid", PROBABILITIES): keras.losses.binary_crossentropy(y, tf.nn.sigmoid(logit)),
        }
        for (head, who), found in losses.items():
            reference = losses[head, "SciPy"]
            apart = np.abs(np.asarray(found) - reference) / np.maximum(1, reference)
            rows.append(
                {
                    "head": head,
                    "precision": precision,
                    "who": who,
                    "apart_in_eps": float(apart.max() / np.finfo(precision).eps),
                }
            )
    return rows


def _errors(head: str, precision: str, sizes: np.ndarray) -> list[Row]:
    """Return relative errors of loss and gradient where one logit is `sizes` and the other 0.

    `wrong` has the label of the smaller logit, `right` of the larger. The gradient is the one with
    respect to the larger. The reference is NumPy's and SciPy's in long double.
    """
    from scipy.special import expit

    from twinhead.backend import tf

    z = sizes.astype(precision)
    s = z.astype(np.longdouble)
    rows = []
    for case, label, loss, gradient in (
        ("wrong", 0, np.logaddexp(0, s), expit(s)),
        ("right", 1, np.logaddexp(0, -s), -expit(-s)),
    ):
        for way, call in _ways(head, precision, label).items():
            logit = tf.constant(z[:, None])
            with tf.GradientTape() as tape:
                tape.watch(logit)
                losses = tf.reshape(call(logit), (-1,))
            slopes = tape.gradient(losses, logit).numpy()[:, 0]
            for i, size in enumerate(sizes):
                rows.append(
                    {
                        "head": head,
                        "precision": precision,
                        "way": way,
                        "case": case,
                        "size": float(size),
                        "loss": float(losses[i]),
                        "loss_error": _relative(losses[i].numpy(), loss[i]),
                        "gradient_error": _relative(slopes[i], gradient[i]),
                    }
                )
    return rows


def _relative(found: np.floating, reference: np.longdouble) -> float:
    """Return |found - reference| / |reference|; infinite where `found` is no finite number."""
    if not np.isfinite(found):
        return float("inf")
    apart = abs(np.longdouble(found) - reference)
    if reference == 0:  # Below what long double can tell from 0.
        return 0.0 if apart == 0 else float(np.finfo(np.float64).max)
    return float(min(apart / abs(reference), np.finfo(np.float64).max))


def _ways(head: str, precision: str, label: int) -> dict:
    """Return functions from the larger logit, shape (n, 1), to losses; the other logit is 0."""
    from twinhead.backend import keras, tf

    if head == "sigmoid":
        entropy = keras.losses.binary_crossentropy

        def y(z):
            return tf.fill(tf.shape(z), tf.cast(label, precision))

        def written(z):
            p = 1 / (1 + tf.exp(-z))
            return -tf.math.log(p if label else 1 - p)

        return {
            LOGITS: lambda z: entropy(y(z), z, from_logits=True),
            PROBABILITIES: lambda z: entropy(y(z), tf.nn.sigmoid(z)),
            WRITTEN: written,
        }

    entropy = keras.losses.categorical_crossentropy

    def both(z):
        return tf.concat([tf.zeros_like(z), z], axis=1)

    def onehot(z):
        return tf.one_hot(tf.fill(tf.shape(z)[:1], label), 2, dtype=precision)

    return {
        LOGITS: lambda z: entropy(onehot(z), both(z), from_logits=True),
        PROBABILITIES: lambda z: entropy(onehot(z), tf.nn.softmax(both(z))),
        WRITTEN: lambda z: -tf.math.log(_written_out(both(z))[:, label]),
    }


def judge(history: History) -> list[claims.Verdict]:
    return [
        *(
            claims.printed_numbers(f"1{letter}", article, "numerics", history.numbers)
            for letter, article in (("a", "001"), ("b", "002"), ("c", "003"))
        ),
        *_overflow(history.numbers),
        *_widening(history),
        *_shape_claims(history.numbers),
        *_from_logits(history),
        *_libraries(history),
        *_sigmoid_of_difference(history.numbers),
    ]


def _overflow(numbers: dict[str, float]) -> list[claims.Verdict]:
    limits = {
        precision: numbers[f"largest logit with a finite exponential, {precision}"]
        for precision in PRECISIONS
    }
    return [
        *(
            claims.judge(
                id=f"2{letter}",
                claim=f"Softmax written out overflows from ln(largest {precision}) on: "
                "the largest logit with a finite exponential",
                source="article 003, section 1",
                expected=numbers[f"ln of the largest {precision}"],
                measured=limits[precision],
                tolerance=1e-3,
                comparison="equal",
                reason="What float32 numbers near 89 are apart, with some room; the search stops "
                "at 1e-6.",
                control=f"the limit of {other}",
                control_measured=limits[other],
            )
            for letter, precision, other in (
                ("a", "float32", "float64"),
                ("b", "float64", "float32"),
            )
        ),
        claims.judge(
            id="2c",
            claim="Subtracting the maximum mends underflow too (lost outputs at [-1000, -1001]); "
            "article 003 speaks of overflow alone",
            source="article 003, section 1",
            expected=0,
            measured=numbers["lost outputs at [-1000, -1001], stable"],
            tolerance=0,
            comparison="equal",
            reason="A count is exact.",
            control="softmax written out: 0 / 0",
            control_measured=numbers[f"lost outputs at [-1000, -1001], {WRITTEN}"],
        ),
    ]


def _widening(history: History) -> list[claims.Verdict]:
    def gain(scale: float) -> float:
        """Return by how much the exponential raises the largest share."""
        largest = {
            way: max(
                row["share"]
                for row in history.tables["shares"]
                if (row["scale"], row["way"]) == (scale, way)
            )
            for way in ("softmax", "without exponential")
        }
        return largest["softmax"] - largest["without exponential"]

    numbers = history.numbers
    return [
        claims.judge(
            id="3",
            claim="At small spreads softmax brings the shares closer together: it lowers the "
            "largest of [0.2, 0.3, 0.5]; articles 001 and 003 say that exp pulls apart",
            source="article 001, section 2, and article 003, section 1",
            expected=0,
            measured=gain(0.1),
            tolerance=0,
            comparison="at most",
            reason="Its sign is what is claimed.",
            control="the article's [2, 3, 5]",
            control_measured=gain(1.0),
        ),
        claims.judge(
            id="4a",
            claim="Softmax is the soft form of argmax: for 100 z it is the one-hot vector of the "
            "maximum, z = [1, 2, 3, 4, 5] (largest deviation); article 003 calls np.max hardmax",
            source="article 003, section 1",
            expected=0,
            measured=numbers["softmax(100 z) to one-hot argmax"],
            tolerance=1e-12,
            comparison="equal",
            reason="The runner-up keeps e^-100.",
            control="the maximum itself, 5",
            control_measured=numbers["softmax(100 z) to the maximum"],
        ),
        claims.judge(
            id="4b",
            claim="The soft form of the maximum is log-sum-exp: logsumexp(100 z) / 100 is 5 "
            "(deviation)",
            source="article 003, section 1",
            expected=0,
            measured=numbers["logsumexp(100 z) / 100 to the maximum"],
            tolerance=1e-12,
            comparison="equal",
            reason="The runner-up adds e^-100.",
            control="softmax in its place (its entry that comes nearest)",
            control_measured=numbers["softmax(100 z) to the maximum"],
        ),
    ]


def _shape_claims(numbers: dict[str, float]) -> list[claims.Verdict]:
    rounding = {"tolerance": 1e-12, "comparison": "equal", "reason": "Rounding in float64."}
    return [
        claims.judge(
            id="5a",
            claim="Every row of a batch adds up to 1 (the sum farthest from it); article 001's "
            "function divides by the sum over all entries",
            source="article 001, section 2",
            expected=1,
            measured=numbers["row sum of a batch, softmax of rows"],
            control="softmax over all entries of the batch",
            control_measured=numbers["row sum of a batch, softmax of all entries"],
            **rounding,
        ),
        claims.judge(
            id="5b",
            claim="Softmax turns a vector into one that adds up to 1, here [2, 1, 0]; article 002 "
            "writes Sigmoid in this sentence",
            source="article 002, Softmax",
            expected=1,
            measured=numbers["sum of softmax([2, 1, 0])"],
            control="sigmoid, as the article writes",
            control_measured=numbers["sum of sigmoid([2, 1, 0])"],
            **rounding,
        ),
        claims.judge(
            id="5c",
            claim="sigmoid_cross_entropy_with_logits returns a loss for each of three logits; "
            "article 002 says the overall cost",
            source="article 002, Sigmoid",
            expected=3,
            measured=numbers["losses for three logits"],
            tolerance=0,
            comparison="equal",
            reason="A count is exact.",
            control="their mean, which has to be taken",
            control_measured=numbers["losses for three logits, averaged"],
        ),
        claims.judge(
            id="5d",
            claim="softmax_cross_entropy_with_logits takes logits of any rank and labels that are "
            "distributions, shape (2, 3, 4); article 002 says (examples, classes)",
            source="article 002, Softmax",
            expected=0,
            measured=numbers["losses of shape (2, 3, 4), last axis"],
            control="the first axis taken for the classes",
            control_measured=numbers["losses of shape (2, 3, 4), first axis"],
            **rounding,
        ),
    ]


def _from_logits(history: History) -> list[claims.Verdict]:
    numbers = history.numbers
    epsilon = numbers["Keras's epsilon"]
    source = "article 003, section 1"

    def at(way: str, precision: str) -> float:
        return numbers[f"loss at [0, 200] {way}, {precision}"]

    beyond = any(row["size"] >= CLIPPED_FROM for row in history.tables["errors"])
    none_beyond = f"No size reaches {CLIPPED_FROM:g}: nothing is clipped."

    return [
        claims.judge(
            id="6a",
            claim="On normal logits, losses from logits and from probabilities are a few float32 "
            "numbers apart (largest distance in ulp)",
            source=source,
            expected=0,
            measured=numbers["random logits, apart in ulp"],
            tolerance=8,
            comparison="equal",
            reason="The article's two numbers are neighbours; over many draws, sums of ten "
            "rounded terms are some ulp apart.",
            control="from_logits=True with probabilities: softmax twice",
            control_measured=numbers["random logits, softmax twice, apart in ulp"],
        ),
        *(
            claims.judge(
                id=f"6{letter}",
                claim="Keras clips probabilities at 1e-7, so the loss of [0, 200], class 0, is "
                f"−ln 1e-7 ({precision})",
                source=source,
                expected=-np.log(epsilon),
                measured=at("from TensorFlow's softmax", precision),
                tolerance=1e-5,
                comparison="equal",
                reason="Rounding in float32, in which the epsilon is kept.",
                control="from logits: 200, which is right",
                control_measured=at(LOGITS, precision),
            )
            for letter, precision in (("b", "float32"), ("c", "float64"))
        ),
        claims.judge(
            id="6d",
            claim="Where probabilities are clipped no gradient is left: all of it is missing "
            f"(smallest relative error from logit {CLIPPED_FROM:g} on, wrong class, both heads and "
            "precisions)",
            source=source,
            expected=1,
            measured=_lost_gradient(history, PROBABILITIES) if beyond else None,
            tolerance=1e-6,
            comparison="equal",
            reason="Rounding of the reference." if beyond else none_beyond,
            control="from logits",
            control_measured=_lost_gradient(history, LOGITS) if beyond else None,
        ),
        claims.judge(
            id="6e",
            claim="From logits, loss and gradient of a wrong class keep their digits at any size "
            "(largest relative error, in eps, both heads and precisions)",
            source=source,
            expected=0,
            measured=_worst_in_eps(history, LOGITS) if beyond else None,
            tolerance=8,
            comparison="equal",
            reason="A handful of rounded operations." if beyond else none_beyond,
            control="from probabilities",
            control_measured=_worst_in_eps(history, PROBABILITIES) if beyond else None,
        ),
        claims.judge(
            id="6f",
            claim="Keras's own softmax passes its logits on, and the loss from probabilities uses "
            "them: [0, 200], class 0, float32, costs 200; article 003 takes TensorFlow's softmax",
            source=source,
            expected=200,
            measured=at("from Keras's softmax", "float32"),
            tolerance=0,
            comparison="equal",
            reason="It is the logit itself.",
            control="TensorFlow's softmax",
            control_measured=at("from TensorFlow's softmax", "float32"),
        ),
        claims.judge(
            id="6g",
            claim="Softmax twice gives another loss: [4, -4, 3], class 2 (difference to once)",
            source=source,
            expected=0.05,
            measured=abs(
                numbers["loss of [4, -4, 3]"] - numbers["loss of [4, -4, 3], softmax twice"]
            ),
            tolerance=0,
            comparison="at least",
            reason="So much cannot be rounding.",
            control="softmax once, from logits and from clipped probabilities on normal logits "
            "(in float32 numbers apart, times eps)",
            control_measured=numbers["random logits, apart in ulp"] * 2.0**-23,
        ),
    ]


def _lost_gradient(history: History, way: str) -> float:
    return min(
        row["gradient_error"]
        for row in history.tables["errors"]
        if (row["way"], row["case"]) == (way, "wrong") and row["size"] >= CLIPPED_FROM
    )


def _worst_in_eps(history: History, way: str) -> float:
    return max(
        max(row["loss_error"], row["gradient_error"]) / float(np.finfo(row["precision"]).eps)
        for row in history.tables["errors"]
        if (row["way"], row["case"]) == (way, "wrong")
    )


def _libraries(history: History) -> list[claims.Verdict]:
    def apart(head: str, precision: str, *who: str) -> float:
        return max(
            row["apart_in_eps"]
            for row in history.tables["agreement"]
            if (row["head"], row["precision"]) == (head, precision) and row["who"] in who
        )

    return [
        claims.judge(
            id=f"7{letter}",
            claim=f"From logits, TensorFlow, Keras and SciPy give the same {head} cross-entropy "
            f"({precision}; largest distance in eps, relative to losses above 1)",
            source=f"article 002, {head.capitalize()}",
            expected=0,
            measured=apart(head, precision, "TensorFlow", "Keras"),
            tolerance=16,
            comparison="equal",
            reason="Logits of up to 40 are subtracted, and ten exponentials added.",
            control="Keras from probabilities",
            control_measured=apart(head, precision, PROBABILITIES),
        )
        for letter, head, precision in (
            ("a", "sigmoid", "float32"),
            ("b", "sigmoid", "float64"),
            ("c", "softmax", "float32"),
            ("d", "softmax", "float64"),
        )
    ]


def _sigmoid_of_difference(numbers: dict[str, float]) -> list[claims.Verdict]:
    shared = {
        "source": "article 001, section 3",
        "expected": 0,
        "tolerance": 1e-15,
        "comparison": "equal",
        "reason": "Four float64 eps of a probability.",
    }
    return [
        claims.judge(
            id="8a",
            claim="softmax(x1, x2) is sigmoid(x1 − x2) (largest difference); article 001 says "
            "that it is the expression Sigmoid(x1)",
            measured=numbers["softmax(x1, x2) to sigmoid(x1 - x2)"],
            control="sigmoid(x1)",
            control_measured=numbers["softmax(x1, x2) to sigmoid(x1)"],
            **shared,
        ),
        claims.judge(
            id="8b",
            claim="With logits (z0, z1), the probability of class 1 is sigmoid(z1 − z0) (largest "
            "difference); article 001 counts from 1 and writes down the first class's",
            measured=numbers["P(class 1) to sigmoid(z1 - z0)"],
            control="sigmoid(z0 − z1)",
            control_measured=numbers["P(class 1) to sigmoid(z0 - z1)"],
            **shared,
        ),
    ]


def draw(history: History) -> dict:
    from twinhead.figures import numerics as figures

    return {
        "softmax_error": figures.loss_errors(history, "softmax"),
        "sigmoid_error": figures.loss_errors(history, "sigmoid"),
        "shares": figures.shares(history),
    }


def table(history: History) -> list[Row]:
    return claims.beside_print("numerics", history.numbers)


NOTES = (
    "Article 001's softmax function writes over the array that it is given, and takes every "
    "exponential twice.",
    "Article 001's comment [-666, -333, 0] belongs to [123, 456, 789], which only article 003 "
    "prints; its own [-20, 10, 30] gives [-50, -20, 0].",
    "Articles 002 and 003 give softmax and sigmoid closed ranges [0, 1]; no real logit reaches the "
    "ends, only rounding does.",
    "Article 002 says that its long version spells out every step; softmax and cross-entropy are "
    "one call in it.",
    "Article 003 draws random logits without a seed: its two losses cannot be made again, only "
    "that they are neighbouring float32 numbers.",
    "A comment in article 003's second half of that example says from_logits is True; the code "
    "says False, which is right.",
    "Article 003 recommends from_logits=True because of optimisations; what it does is to leave "
    "out a division and a clip.",
)

EXPERIMENT = runs.Experiment(
    "numerics",
    "Softmax and cross-entropy in floating point",
    measure,
    judge,
    draw,
    table=table,
    notes=NOTES,
    illustrates={"sigmoid_error": "002", "softmax_error": "003", "shares": "003"},
)

if __name__ == "__main__":
    config.launch("numerics", partial(runs.execute, EXPERIMENT))
