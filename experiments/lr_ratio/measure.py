"""At which learning-rate ratio are the two heads the same thing?

For every seed one softmax arm and, in the same pass, one matched sigmoid arm for each ratio:

    python experiments/lr_ratio.py lr_ratios=[0.25,0.5,1,1.5,2,3,4,8] seeds=[0,1,2,3,4]
    python experiments/lr_ratio.py 'lr_ratios=linspace(1,3,41)' seeds=[0] data=breast_cancer
"""

import logging
from dataclasses import replace
from functools import partial

import numpy as np

from twinhead import claims, config, data, runs
from twinhead.history import Arm, History, Record
from twinhead.matching import match_softmax, sigmoid_learning_rate

log = logging.getLogger("twinhead.lr_ratio")


def measure(settings: config.LrRatio) -> History:
    features = data.load(settings.data)
    # One split for all seeds: what differs between them is training's alone.
    split = data.split(features, settings.validation_fraction, settings.seeds[0])
    history = History(data.describe(features, split))
    log.info(
        "%s: %d ratio(s), %d seed(s); starting TensorFlow",
        features.name,
        len(config.numbers(settings.lr_ratios)),
        len(settings.seeds),
    )

    from twinhead import bank

    seeds = settings.seeds
    records = bank.train([arm for seed in seeds for arm in _arms(settings, seed)], settings, split)
    for seed in seeds:
        softmax, fast, *sigmoids = [record for record in records if record.arm.seed == seed]
        for record in sigmoids:
            fast_gap = record.loss() - fast.loss()
            history.add_gap(record, softmax)
            record.series["validation", "loss_gap_to_twice_the_rate"] = fast_gap
        for record in (softmax, fast, *sigmoids):
            # A wide sweep keeps where its arms ended, not the way there.
            record.weights = {name: values[-1:].copy() for name, values in record.weights.items()}
            history.add(record)
    log.info("edge of stability: full-batch gradient descent, %d rounds of rates", EDGE_ROUNDS)
    history.numbers.update(_edge_of_stability(settings))
    return history


# The problem whose edge of stability is measured: breast cancer in two features, because in all
# thirty it is separable and its loss has no minimum. Radius and texture overlap.
EDGE_FEATURES, EDGE_STEPS, EDGE_ARMS, EDGE_ROUNDS = 2, 100, 16, 3


def _edge_of_stability(settings: config.LrRatio) -> dict[str, float]:
    """Measure the largest stable rate of full-batch gradient descent, and 2 / λmax, of each head.

    Arms start a little off the optimum; a rate is stable if they come nearer to it. The first
    round tries four decades of rates, the next ones between the two that the edge lies between.
    """
    from scipy.linalg import eigvalsh
    from sklearn.linear_model import LogisticRegression

    from twinhead import bank

    features = data.load(config.BreastCancer())
    features = replace(features, X=features.X[:, :EDGE_FEATURES])
    split = data.split(features, 0.2, settings.seeds[0])
    X, y = split.X_train.astype(np.float64), split.y_train
    fit = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-12).fit(X, y)
    beta, bias = fit.coef_.T, fit.intercept_
    p = fit.predict_proba(X)[:, 1]
    inputs = np.column_stack([X, np.ones(len(X))])
    hessian = inputs.T @ (inputs * (p * (1 - p))[:, None]) / len(X)
    # Over (theta0, theta1), as the probabilities' covariance is p(1 - p) [1 -1; -1 1].
    hessians = {"sigmoid": hessian, "softmax": np.kron([[1, -1], [-1, 1]], hessian)}

    nudge = 1e-4 * np.random.default_rng(0).standard_normal(beta.shape)

    def near_the_optimum(arm: Arm, _: int) -> tuple[np.ndarray, np.ndarray]:
        start = beta + nudge, bias
        return match_softmax(*start) if arm.head == "softmax" else start

    descent = replace(
        settings,
        optimizer=config.Sgd(momentum=0.0, nesterov=False),
        epochs=EDGE_STEPS,
        batch_size=len(y),
        dropout=0.0,
    )
    rates = dict.fromkeys(hessians, np.geomspace(0.01, 100, EDGE_ARMS))
    for _ in range(EDGE_ROUNDS):
        arms = [
            Arm(f"{head} {rate!r}", head, "", "sgd", float(rate), 1.0, 0, "common", "float64")
            for head in rates
            for rate in rates[head]
        ]
        records = bank.train(arms, descent, split, initial=near_the_optimum)
        for head in rates:
            away = np.array(
                [
                    np.linalg.norm(record.logit_weights() - beta[:, 0], axis=1)
                    for record in records
                    if record.arm.head == head
                ]
            )
            stable = away[:, -1] < away[:, 0]
            last = int(stable.argmin()) - 1  # Before the first that is not.
            rates[head] = np.linspace(rates[head][last], rates[head][last + 1], EDGE_ARMS)
    return {f"largest stable rate, {head}": float(rates[head][0]) for head in rates} | {
        f"2 / λmax, {head}": float(2 / eigvalsh(hessians[head])[-1]) for head in hessians
    }


def _arms(settings: config.LrRatio, seed: int) -> list[Arm]:
    return [
        _arm(settings, "softmax", 1.0, seed),
        # The control's partner: a softmax arm for which the right ratio is 4.
        _arm(settings, "softmax", 2.0, seed),
        *(
            _arm(settings, "sigmoid", ratio, seed)
            for ratio in sorted(config.numbers(settings.lr_ratios))
        ),
    ]


def _arm(settings: config.LrRatio, head: str, lr_ratio: float, seed: int) -> Arm:
    return Arm(
        name=f"{head} ratio {lr_ratio!r}, seed {seed}",
        head=head,
        init="transfer" if head == "sigmoid" else "random",
        optimizer=settings.optimizer.name,
        learning_rate=sigmoid_learning_rate(settings.learning_rate, lr_ratio),
        lr_ratio=lr_ratio,
        seed=seed,
        noise="common",
        precision=settings.precision,
    )


def ratios(history: History) -> list[float]:
    return sorted({record.arm.lr_ratio for record in history.pick(head="sigmoid")})


def largest(records: list[Record], split: str, metric: str) -> np.ndarray:
    """Return each arm's largest absolute value over the epochs; infinite where it diverged."""
    values = np.abs([record.series[split, metric] for record in records])
    return np.where(np.isnan(values), np.inf, values).max(axis=1)


def judge(history: History) -> list[claims.Verdict]:
    grid = np.array(ratios(history))
    arms = [history.pick(head="sigmoid", lr_ratio=ratio) for ratio in grid]
    gaps = np.array([largest(each, "validation", "loss_gap").mean() for each in arms])
    to_fast = "loss_gap_to_twice_the_rate"
    fast_gaps = np.array([largest(each, "validation", to_fast).mean() for each in arms])
    seeds = len(arms[0])
    precision = arms[0][0].arm.precision
    tolerance = {"float32": 1e-6, "float64": 1e-12}[precision]
    others = gaps[grid != 2]
    # Near: a search that could have come out at 1.9 or 2.1, were the law off by that much.
    tested = 2 in grid and np.any((grid >= 1.5) & (grid < 2)) and np.any((grid > 2) & (grid <= 3))
    missing = "The grid lacks 2, or a ratio from 1.5 or up to 3 beside it."
    below, above = gaps[grid <= 2], gaps[grid >= 2]
    wrong_turns = int((np.diff(below) >= 0).sum() + (np.diff(above) <= 0).sum())
    source = "article 000, conclusion 3"
    return [
        claims.judge(
            id="1",
            claim="The ratio with the smallest validation-loss gap to softmax is 2 "
            f"(of {len(grid)} ratios, mean over {seeds} seed(s) of the largest gap)",
            source=source,
            expected=2,
            measured=float(grid[gaps.argmin()]) if tested else None,
            tolerance=0,
            comparison="equal",
            reason="The grid holds 2 itself." if tested else missing,
            control="the gap to a softmax arm that learns at twice the rate",
            control_measured=float(grid[fast_gaps.argmin()]) if tested else None,
        ),
        claims.judge(
            id="2",
            claim=f"At ratio 2 the gap is rounding ({precision}; largest over epochs and seeds)",
            source=source,
            expected=0,
            measured=_largest_at_two(history) if tested else None,
            tolerance=tolerance,
            comparison="equal",
            reason=f"As in experiment equivalence, for {precision}." if tested else missing,
            control="the smallest gap at any other ratio",
            control_measured=float(others.min()) if tested else None,
        ),
        claims.judge(
            id="3",
            claim="On both sides the gap grows with the distance from 2 "
            "(neighbouring ratios for which it does not)",
            source="the law behind it: the two columns have opposite gradients",
            expected=0,
            measured=wrong_turns if tested else None,
            tolerance=0,
            comparison="equal",
            reason="A count is exact." if tested else missing,
            control="the gap grows with the ratio from end to end",
            control_measured=int((np.diff(gaps) <= 0).sum()) if tested else None,
        ),
        *_edge(history),
    ]


def _edge(history: History) -> list[claims.Verdict]:
    rate = {
        head: history.numbers[f"largest stable rate, {head}"] for head in ("softmax", "sigmoid")
    }
    limit = {head: history.numbers[f"2 / λmax, {head}"] for head in rate}
    where = f"full-batch gradient descent, breast cancer in {EDGE_FEATURES} features"
    shared = {
        "data": f"breast cancer (Wisconsin), {EDGE_FEATURES} features",
        "source": "gradient descent is stable up to 2 / λmax of the Hessian",
        "tolerance": 0.01,
        "comparison": "equal",
        "reason": "One per cent: in the last round the rates lie less than half a per cent apart.",
    }
    return [
        claims.judge(
            id="4",
            claim="The sigmoid's largest stable rate is twice the softmax's "
            f"({where}; their ratio, in twos)",
            expected=1,
            measured=rate["sigmoid"] / rate["softmax"] / 2,
            control="the same rate for both (ratio 1)",
            control_measured=rate["sigmoid"] / rate["softmax"],
            **shared,
        ),
        *(
            claims.judge(
                id=f"5{letter}",
                claim=f"The {head} head's largest stable rate is 2 / λmax "
                f"({where}; their quotient)",
                expected=1,
                measured=rate[head] / limit[head],
                control=f"λmax of the {other} head",
                control_measured=rate[head] / limit[other],
                **shared,
            )
            for letter, head, other in (("a", "softmax", "sigmoid"), ("b", "sigmoid", "softmax"))
        ),
    ]


def _largest_at_two(history: History) -> float:
    arms = history.pick(head="sigmoid", lr_ratio=2.0)
    return float(largest(arms, "validation", "loss_gap").max())


def _end(record: Record) -> int | None:
    """Return the epoch at which an arm was found diverged, or None."""
    lost = ~np.isfinite(record.loss())
    return int(lost.argmax()) if lost.any() else None


def summarise(history: History) -> list[dict[str, float]]:
    """Return a row a ratio: means over seeds with the ends of their 95 % intervals."""
    rows = []
    for ratio in ratios(history):
        arms = history.pick(head="sigmoid", lr_ratio=ratio)
        losses = np.array([record.loss()[-1] for record in arms])
        row = {"lr_ratio": ratio, "seeds": len(arms)}
        ends = [_end(record) for record in arms]
        row["diverged"] = sum(end is not None for end in ends)
        row["diverged_at_epoch"] = min((end for end in ends if end is not None), default="")
        for name, values in (
            ("loss_gap", largest(arms, "validation", "loss_gap")),
            ("weight_gap", largest(arms, "weights", "weight_gap")),
            ("loss", losses),
            ("accuracy", np.array([r.series["validation", "accuracy"][-1] for r in arms])),
        ):
            row[name], row[f"{name}_low"], row[f"{name}_high"] = claims.mean_interval(values)
        rows.append(row)
    return rows


def draw(history: History) -> dict:
    from twinhead.figures import lr_ratio as figures

    rows = summarise(history)
    return {
        "gap_by_ratio": figures.gap_by_ratio(history, rows),
        "loss_by_ratio": figures.loss_by_ratio(history, rows),
        "loss_curves": figures.curves_by_ratio(history),
    }


EXPERIMENT = runs.Experiment(
    "lr_ratio", "The learning-rate ratio between the heads", measure, judge, draw, table=summarise
)

if __name__ == "__main__":
    config.launch("lr_ratio", partial(runs.execute, EXPERIMENT))
