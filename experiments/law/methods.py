"""Ways to train that Keras has no optimizer for: each a step in NumPy, each setting's measure.

The bias is one more feature. Factors come from what a setting is measured in, as in
`twinhead.matching.rules`, for the sigmoid head and for the isometric one.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from twinhead.experiments.law.small import Gradient, Small
from twinhead.matching.rules import GRADIENT_STEP, HALF, LENGTH, NORM, TWICE, Setting

LENGTHS = Setting("A step of a given length over both columns.", weight=1, columns=1)
SHARE = Setting("A share of the weights, along a gradient over both columns.", columns=1)
DAMPING = Setting("It stands beside products of gradients over both columns.", 0, 2, 2)
VARIANCE = Setting("A prior's variance stands beside a gradient.", weight=1, gradient=-1)
AS_IT_IS = Setting("It has no measure.")

Settings = dict[str, float]
# (weights, gradient of rows, settings, random numbers) -> weights after every step.
Walk = Callable[[np.ndarray, Gradient, Settings, "Noise"], Iterator[np.ndarray]]


class Noise:
    """Normal numbers of both columns of the softmax head, and what another head has of them."""

    def __init__(self, head: str, seed: int):
        self.head, self.generator = head, np.random.default_rng(seed)

    def like(self, weights: np.ndarray) -> np.ndarray:
        drawn = self.generator.standard_normal((len(weights), 2))
        if self.head == "softmax":
            return drawn
        return (drawn[:, 1:] - drawn[:, :1]) / np.sqrt(2)  # Normal as well, of variance 1.


@dataclass(frozen=True)
class Method:
    """One way to train.

    Attributes:
        settings: the softmax head's.
        measures: what each is measured in; one that is left out maps as it is.
        wrong: the sigmoid's settings that somebody without the map leaves as they are.
        antisymmetric: it is a condition that the softmax head starts with θ1 = −θ0.
        coupled: exact for coupled noise only, so exact in distribution.
    """

    name: str
    walk: Walk
    settings: Settings
    measures: dict[str, Setting]
    wrong: tuple[str, ...]
    antisymmetric: bool = False
    coupled: bool = False

    def mapped(self, head: str) -> Settings:
        return {
            key: value * self.measures.get(key, AS_IT_IS).factor("softmax", head)
            for key, value in self.settings.items()
        }


def _length(values: np.ndarray) -> float:
    return float(np.linalg.norm(values)) or 1.0


def _each(step: Callable[..., np.ndarray]) -> Walk:
    """Return the walk of a step that keeps nothing."""

    def walk(w, gradient, s, noise):
        for batch in gradient.batches:
            w = step(w, lambda at, batch=batch: gradient(at, batch), s, noise)
            yield w

    return walk


def _sam(w, slope, s, noise):
    g = slope(w)
    return w - s["learning_rate"] * slope(w + s["rho"] * g / _length(g))


def _asam(w, slope, s, noise):
    g = slope(w)
    return w - s["learning_rate"] * slope(w + s["rho"] * w**2 * g / _length(np.abs(w) * g))


def _normalised(w, slope, s, noise):
    g = slope(w)
    return w - s["learning_rate"] * g / _length(g)


def _lars(w, slope, s, noise):
    g = slope(w)
    return w - s["learning_rate"] * _length(w) / _length(g) * g


def _max_norm(w, slope, s, noise):
    w = w - s["learning_rate"] * slope(w)
    return w * np.minimum(1, s["max_norm"] / np.linalg.norm(w, axis=0))


def _centralised(w, slope, s, noise):
    g = slope(w)
    return w - s["learning_rate"] * (g - g.mean(axis=0))


def _adaptive_clipping(w, slope, s, noise):
    g = slope(w)
    most = s["clipping"] * np.maximum(np.linalg.norm(w, axis=0), s["epsilon"])
    return w - s["learning_rate"] * g * np.minimum(1, most / np.linalg.norm(g, axis=0))


def _langevin(w, slope, s, noise):
    rate = s["learning_rate"]
    pulled = slope(w) + w / s["prior_variance"]
    return w - rate / 2 * pulled + s["temperature"] * np.sqrt(rate) * noise.like(w)


def _private(w, gradient, s, noise):
    for batch in gradient.batches:
        each = gradient.by_row(w, batch)
        lengths = np.linalg.norm(each.reshape(len(each), -1), axis=1)
        cut = each * np.minimum(1, s["clip"] / lengths)[:, None, None]
        drawn = s["noise_multiplier"] * s["clip"] * noise.like(w)
        w = w - s["learning_rate"] * (cut.sum(axis=0) + drawn) / len(each)
        yield w


def _shampoo(w, gradient, s, noise):
    left, right = (s["epsilon"] * np.eye(size) for size in w.shape)

    def root(matrix):
        values, vectors = np.linalg.eigh(matrix)
        return vectors * values**-0.25 @ vectors.T

    for batch in gradient.batches:
        g = gradient(w, batch)
        left, right = left + g @ g.T, right + g.T @ g
        w = w - s["learning_rate"] * root(left) @ g @ root(right)
        yield w


def _newton(w, gradient, s, noise):
    for batch in gradient.batches:
        damped = gradient.curvature(w, batch) + s["damping"] * np.eye(w.size)
        step = np.linalg.solve(damped, gradient(w, batch).ravel())
        w = w - s["learning_rate"] * step.reshape(w.shape)
        yield w


def _lookahead(w, gradient, s, noise):
    slow = w
    for count, batch in enumerate(gradient.batches, start=1):
        w = w - s["learning_rate"] * gradient(w, batch)
        if count % 5 == 0:
            slow = w = slow + s["alpha"] * (w - slow)
        yield w


def _averaged(w, gradient, s, noise):
    mean = w
    for count, batch in enumerate(gradient.batches, start=1):
        w = w - s["learning_rate"] * gradient(w, batch)
        mean = mean + (w - mean) / count
        yield mean


def _plateau(w, gradient, s, noise):
    """ReduceLROnPlateau: a third of the rate after two steps without a lower loss, to min_lr."""
    rate, best, waited = s["learning_rate"], np.inf, 0
    for batch in gradient.batches:
        loss = gradient.loss(w, batch)
        best, waited = (loss, 0) if loss < best else (best, waited + 1)
        if waited == 2:
            rate, waited = max(rate / 3, s["min_lr"]), 0
        w = w - rate * gradient(w, batch)
        yield w


STEP = {"learning_rate": GRADIENT_STEP}
METHODS = (
    Method(
        "SAM", _each(_sam), {"learning_rate": 0.3, "rho": 0.5}, STEP | {"rho": LENGTHS}, ("rho",)
    ),
    Method(
        "ASAM",
        _each(_asam),
        {"learning_rate": 0.3, "rho": 1.0},
        STEP | {"rho": SHARE},
        ("rho",),
        antisymmetric=True,
    ),
    Method(
        "Shampoo",
        _shampoo,
        {"learning_rate": 0.1, "epsilon": 0.1},
        {"learning_rate": LENGTHS, "epsilon": DAMPING},
        ("epsilon",),
    ),
    Method(
        "normalised gradient descent",
        _each(_normalised),
        {"learning_rate": 0.1},
        {"learning_rate": LENGTHS},
        ("learning_rate",),
    ),
    Method("LARS", _each(_lars), {"learning_rate": 0.1}, {}, (), antisymmetric=True),
    Method(
        "damped Newton",
        _newton,
        {"learning_rate": 0.3, "damping": 0.1},
        {"damping": HALF},
        ("damping",),
    ),
    Method(
        "DP-SGD",
        _private,
        {"learning_rate": 0.3, "clip": 0.3, "noise_multiplier": 0.5},
        STEP | {"clip": NORM},
        ("clip",),
        coupled=True,
    ),
    Method(
        "SGLD",
        _each(_langevin),
        {"learning_rate": 0.1, "prior_variance": 1.0, "temperature": 0.1},
        STEP | {"prior_variance": VARIANCE},
        ("prior_variance",),
        coupled=True,
    ),
    Method(
        "MaxNorm",
        _each(_max_norm),
        {"learning_rate": 0.3, "max_norm": 0.4},
        STEP | {"max_norm": LENGTH},
        ("max_norm",),
        antisymmetric=True,
    ),
    Method(
        "adaptive gradient clipping",
        _each(_adaptive_clipping),
        {"learning_rate": 0.3, "clipping": 0.1, "epsilon": 1e-3},
        STEP | {"clipping": HALF, "epsilon": TWICE},
        ("clipping",),
        antisymmetric=True,
    ),
    Method("gradient centralisation", _each(_centralised), {"learning_rate": 0.3}, STEP, (*STEP,)),
    Method("Lookahead", _lookahead, {"learning_rate": 0.3, "alpha": 0.5}, STEP, (*STEP,)),
    Method("SWA", _averaged, {"learning_rate": 0.3}, STEP, (*STEP,)),
    Method(
        "ReduceLROnPlateau, min_lr",
        _plateau,
        {"learning_rate": 1.0, "min_lr": 0.2},
        STEP | {"min_lr": GRADIENT_STEP},
        ("min_lr",),
    ),
)


def measure(small: Small, methods: Sequence[Method] = METHODS) -> list[dict]:
    """Train every method with the softmax head, mapped with both others, and not mapped."""
    return [_measured(method, small) for method in methods]


def _measured(method: Method, small: Small) -> dict:
    def odds(head: str, settings: Settings, antisymmetric: bool = method.antisymmetric):
        gradient = small.gradient(head)
        walk = method.walk(small.start(head, antisymmetric), gradient, settings, Noise(head, 7))
        return np.array([gradient.odds(w) for w in walk])

    softmax = odds("softmax", method.settings)
    mapped = method.mapped("sigmoid")
    wrong = {key: method.settings[key] for key in method.wrong}
    if not wrong:  # The rule of the others would be the naive one: twice the rate.
        wrong = {"learning_rate": 2 * method.settings["learning_rate"]}
    row = {
        "method": method.name,
        "status": "exact in distribution" if method.coupled else "exact",
        "factors": _words(method),
        "sigmoid_gap": _gap(odds("sigmoid", mapped), softmax),
        "isometric_gap": _gap(odds("isometric", method.mapped("isometric")), softmax),
        "naive_gap": _gap(odds("sigmoid", mapped | wrong), softmax),
        "unmet_gap": float("nan"),
    }
    if method.antisymmetric:
        row["status"] = "conditional"
        other = odds("softmax", method.settings, antisymmetric=False)
        row["unmet_gap"] = _gap(odds("sigmoid", mapped, antisymmetric=False), other)
    return row


def _gap(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one - other).max())


def _words(method: Method) -> str:
    factors = {key: each.factor("softmax", "sigmoid") for key, each in method.measures.items()}
    return ", ".join(f"{k} × {v:.4g}" for k, v in factors.items() if v != 1) or "as it is"
