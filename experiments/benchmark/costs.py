"""What the timings come to: medians, a row for every contender, and how the bank compares."""

import pandas as pd

from twinhead.results.history import History

BANK, FIT = "twinhead bank", "Keras fit"
OTHERS = ("NumPy", "JAX", "PyTorch")  # They are given the bank's start, batches and masks.
ARMS = (1, 64, 512)  # With which the bank is held against them.
# Rows are cut to these shares to see what a row costs, and with so many arms.
SHARES = (0.25, 0.5, 1.0)
ARMS_FOR_ROWS = 64
KEY = ["contender", "arms", "rows"]


def add(history: History) -> None:
    """Add what follows from the tables `timings`, `timings_by_rows` and `agreement`."""
    seconds = _medians(history.tables["timings"])
    by_rows = _medians(history.tables["timings_by_rows"])
    history.tables["summary"] = _summary(history.tables["timings"])
    own = by_rows[BANK, ARMS_FOR_ROWS].rename_axis("rows").reset_index()
    history.tables["seconds_by_rows"] = own
    _agreement(history)
    _comparisons(history, seconds)
    _rows(history, by_rows)


def _medians(timings: pd.DataFrame) -> pd.Series:
    """Return the median seconds of every (contender, arms, rows), the warm-up left out."""
    return timings[timings["repeat"] > 0].groupby(KEY)["seconds"].median()


def _summary(timings: pd.DataFrame) -> pd.DataFrame:
    """Return a row for every contender and number of arms, with what it is worth in fits."""
    warm_up, repeats = timings[timings["repeat"] == 0], timings[timings["repeat"] > 0]
    by = ["contender", "arms"]
    found = repeats.groupby(by)["seconds"].agg(seconds="median", fastest="min", slowest="max")
    warm_up = warm_up.set_index(by)
    found["first_time"] = warm_up["seconds"]
    found = found.reset_index()
    fit = found.loc[found["contender"] == FIT, "seconds"].item()
    numpy = found[found["contender"] == "NumPy"].set_index("arms")["seconds"]
    found["times_faster_than_fits"] = fit * found["arms"] / found["seconds"]
    found["times_numpy"] = found["seconds"] / found["arms"].map(numpy)
    found["mebibytes"] = warm_up["mebibytes"].reindex(found[by]).to_numpy()
    return found.sort_values(["arms", "seconds"], ignore_index=True)


def _agreement(history: History) -> None:
    table = history.tables["agreement"]
    for who, names in (("the same noise", OTHERS), ("noise of its own", [FIT])):
        own = table[table["contender"].isin(names)]
        history.numbers |= {
            f"losses apart, {who}": float(own["deviation"].max()),
            f"losses from the slowest arm, {who}": float(own["to_slowest"].min()),
        }


def _comparisons(history: History, seconds: pd.Series) -> None:
    """Add the bank's time over that of others, and how much faster than fits it is."""
    rows, numbers = history.data["train_rows"], history.numbers
    fit = seconds[FIT, 1, rows]
    for arms in ARMS:
        bank = seconds.get((BANK, arms, rows))
        faster = f"{arms} arms, fits over bank"
        if bank is None:
            history.untested[faster] = "Not among the arms."
        else:
            numbers |= {f"seconds, {arms} arms": float(bank), faster: float(arms * fit / bank)}
        for name in OTHERS:
            other = seconds.get((name, arms, rows))
            slower = f"{arms} arms, bank over {name}"
            if bank is None or other is None:
                why = f"{name} is not installed, or {arms} not among the arms."
                history.untested[slower] = why
            else:
                numbers[slower] = float(bank / other)
                numbers[f"{arms} arms, fits over {name}"] = float(arms * fit / other)


def _rows(history: History, seconds: pd.Series) -> None:
    """Add whether a row costs as much in the upper half of the rows as below it."""
    rows = [round(share * history.data["train_rows"]) for share in SHARES]
    widest = max(seconds.xs(rows[-1], level="rows").index.get_level_values("arms"))
    if widest < 256:
        history.untested["cost of a row"] = "Fewer than 256 arms are too few for the control."
        return

    def bend(arms: list[int]) -> float:
        low, middle, high = (seconds[BANK, *each] for each in zip(arms, rows, strict=True))
        return float((high - middle) / (rows[2] - rows[1]) / ((middle - low) / (rows[1] - rows[0])))

    history.numbers["cost of a row"] = bend([ARMS_FOR_ROWS] * 3)
    grown = bend([arms_of_share(share, widest) for share in SHARES])
    history.numbers["cost of a row, arms growing"] = grown


def arms_of_share(share: float, widest: int) -> int:
    """Return arms that grow with the square of the rows: what no line is."""
    return round(share**2 * widest)
