"""What the timings come to: medians, how the bank compares, how far all are from the floor.

On a machine that was not quiet the tables are there, and no number that a verdict rests on.
"""

import os
from collections.abc import Mapping

import pandas as pd

from twinhead.results.history import History

BANK, FIT = "twinhead bank", "Keras fit"
OTHERS = ("NumPy", "JAX", "PyTorch")  # They are given the bank's start, batches and masks.
SGD, ADAM = "sgd", "adam"
# Numbers of arms with which the bank is held against them, and the optimizer.
HELD = ((1, SGD), (4, SGD), (64, SGD), (64, ADAM), (512, SGD), (4096, SGD))
ARMS_WITH_ADAM = 64
# Rows are cut to these shares to see what a row costs, and with so many arms; and how many arms
# there are at most where they grow as well.
SHARES = (0.25, 0.5, 1.0)
ARMS_FOR_ROWS, MOST_GROWN = 64, 512
KEY = ["contender", "optimizer", "arms", "rows"]

# A machine is quiet if others use no more of it than this, before and meanwhile, and if a piece of
# work that is always the same takes about the same time all along.
QUIET_CORES, STEADY = 0.15, 1.25


def row(arms: int, optimizer: str) -> str:
    """Return what a table calls so many arms."""
    return f"{arms}" if optimizer == SGD else f"{arms}, Adam"


def called(arms: int, optimizer: str) -> str:
    """Return what a number calls so many arms."""
    return f"{arms} arms" if optimizer == SGD else f"{arms} arms with Adam"


def add(history: History) -> None:
    """Add what follows from the tables of timings, of agreement and of the machine."""
    timings = _by_epoch(history.tables["timings"])
    history.tables["ratios"] = ratios = _ratios(timings)
    history.tables["summary"] = _summary(timings, ratios, history)
    by_rows = _by_epoch(history.tables["timings_by_rows"]).groupby(KEY)["ms"].median()
    own = by_rows[BANK, SGD, ARMS_FOR_ROWS].rename_axis("rows").reset_index()
    history.tables["ms_by_rows"] = own
    _agreement(history)
    calibration = history.tables["calibration"]["seconds"]
    slower = float(calibration.quantile(0.9) / calibration.median())
    history.numbers["calibration, slow over usual"] = slower
    told = dict(history.numbers)
    _comparisons(history)
    _rows(history, by_rows)
    why = not_quiet(told)
    if why:
        history.untested |= {name: why for name in history.numbers if name not in told}
        history.numbers = told


def not_quiet(numbers: Mapping[str, float]) -> str:
    """Return why timings are no verdict, in a sentence, or nothing."""
    cores = os.cpu_count() or 1
    for when in ("before", "meanwhile"):
        used = numbers[f"cores that others use {when}"]
        if used > QUIET_CORES:  # NaN, where the system does not tell, is not.
            return (
                f"The machine was not quiet: {when}, others used {used:.1f} of its {cores} cores."
            )
    slower = numbers["calibration, slow over usual"]
    if slower > STEADY:
        return (
            "The machine was not steady: the same piece of work took, one time in ten, "
            f"{slower:.2f} times as long as usual."
        )
    return ""


def _by_epoch(timings: pd.DataFrame) -> pd.DataFrame:
    """Return the measured repeats, the warm-up left out, with milliseconds an epoch."""
    own = timings[timings["repeat"] > 0]
    return own.assign(ms=1000 * own["seconds"] / own["epochs"])


def _summary(timings: pd.DataFrame, ratios: pd.DataFrame, history: History) -> pd.DataFrame:
    """Return a row for every contender and number of arms, with what it is worth in fits."""
    by = ["contender", "arms", "optimizer"]
    grouped = timings.groupby(by)
    found = grouped["ms"].describe(percentiles=[0.25, 0.5, 0.75])[["50%", "25%", "75%"]]
    found.columns = pd.Index(["ms_an_epoch", "lower_quartile", "upper_quartile"])
    found[["layout", "epochs"]] = grouped[["layout", "epochs"]].first()
    warm_up = history.tables["timings"].query("repeat == 0").set_index(by)
    found["first_time_s"], found["mebibytes"] = warm_up["seconds"], warm_up["mebibytes"]
    found = found.reset_index()
    fit = found.loc[found["contender"] == FIT, "ms_an_epoch"].item()
    found["times_faster_than_fits"] = fit * found["arms"] / found["ms_an_epoch"]
    found["floor_ms"] = [
        _floor(history, *each) for each in zip(found["arms"], found["epochs"], strict=True)
    ]
    found["times_floor"] = found["ms_an_epoch"] / found["floor_ms"]
    ratio = ratios.rename(columns={"other": "contender"}).set_index(by)["ratio"]
    found["bank_over_it"] = ratio.reindex(pd.MultiIndex.from_frame(found[by])).to_numpy()
    pairs = zip(found["arms"], found["optimizer"], strict=True)
    found.insert(1, "row", [row(*pair) for pair in pairs])
    by_cost = ["arms", "optimizer", "ms_an_epoch"]
    return found.sort_values(by_cost, ascending=[True, False, True], ignore_index=True)


def _floor(history: History, arms: int, epochs: int) -> float:
    """Return milliseconds an epoch below which this machine cannot do it in float32.

    X is read once an epoch, and for every evaluation; the products and the noise take what they
    take on all cores. Reading and computing may go on at the same time, so the larger counts.
    """
    data, numbers = history.data, history.numbers
    evaluations = int(data["validation_rows"]) * (epochs + 1) / epochs
    rows, d = int(data["train_rows"]), int(data["features"])
    read = 4 * d * (rows + evaluations) / numbers["bytes a second"]
    products = 2 * d * arms * (2 * rows + evaluations) / numbers["products a second"]
    return 1000 * max(read, products + numbers["noise"] / (os.cpu_count() or 1))


def _ratios(timings: pd.DataFrame) -> pd.DataFrame:
    """Return the bank's time over every other's in the same round: median and quartiles."""
    turns = timings.pivot_table("ms", ["arms", "optimizer", "repeat"], "contender")
    turns = turns.sort_index(level=[0, 1], ascending=[True, False])
    ratios = []
    for (arms, optimizer), own in turns.groupby(level=["arms", "optimizer"], sort=False):
        for other in OTHERS:
            if other not in own or own[other].isna().any():
                continue
            low, median, high = (own[BANK] / own[other]).quantile([0.25, 0.5, 0.75])
            ratios.append(
                {"row": row(arms, optimizer), "arms": arms, "optimizer": optimizer}
                | {"other": other, "ratio": median, "lower_quartile": low, "upper_quartile": high}
            )
    return pd.DataFrame(ratios)


def _agreement(history: History) -> None:
    table = history.tables["agreement"]
    for who, names in (("the same noise", OTHERS), ("noise of its own", [FIT])):
        own = table[table["contender"].isin(names)]
        history.numbers |= {
            f"losses apart, {who}": float(own["deviation"].max()),
            f"losses from the slowest arm, {who}": float(own["to_slowest"].min()),
        }


def _comparisons(history: History) -> None:
    """Add the bank's time over that of others, and how much faster than fits it is."""
    numbers, summary, ratios = history.numbers, history.tables["summary"], history.tables["ratios"]
    key = ["contender", "arms", "optimizer"]
    ms = summary.set_index(key)["ms_an_epoch"]
    ratio = ratios.set_index(["other", "arms", "optimizer"])["ratio"]
    fit = ms[FIT, 1, SGD]
    for arms, optimizer in HELD:
        name, faster = called(arms, optimizer), f"{called(arms, optimizer)}, fits over bank"
        if (BANK, arms, optimizer) in ms:
            own = float(ms[BANK, arms, optimizer])
            numbers |= {f"ms an epoch, {name}": own, faster: float(arms * fit / own)}
        else:
            history.untested[faster] = "Not among the arms."
        for other in OTHERS:
            if (other, arms, optimizer) in ratio:
                numbers[f"{name}, bank over {other}"] = float(ratio[other, arms, optimizer])
                fits = float(arms * fit / ms[other, arms, optimizer])
                numbers[f"{name}, fits over {other}"] = fits
            else:
                why = f"{other} is not installed, or {arms} not among the arms."
                history.untested[f"{name}, bank over {other}"] = why


def _rows(history: History, ms: pd.Series) -> None:
    """Add whether a row costs as much in the upper half of the rows as below it."""
    rows = [round(share * int(history.data["train_rows"])) for share in SHARES]
    widest = max(ms.xs(rows[-1], level="rows").index.get_level_values("arms"))
    if widest < 256:
        history.untested["cost of a row"] = "Fewer than 256 arms are too few for the control."
        return

    def bend(arms: list[int]) -> float:
        low, middle, high = (ms[BANK, SGD, *each] for each in zip(arms, rows, strict=True))
        return float((high - middle) / (rows[2] - rows[1]) / ((middle - low) / (rows[1] - rows[0])))

    history.numbers["cost of a row"] = bend([ARMS_FOR_ROWS] * 3)
    grown = bend([arms_of_share(share, widest) for share in SHARES])
    history.numbers["cost of a row, arms growing"] = grown


def arms_of_share(share: float, widest: int) -> int:
    """Return arms that grow with the square of the rows: what no line is."""
    return round(share**2 * min(widest, MOST_GROWN))
