"""All that a run measured, as bits: two runs are the same if these are."""

from twinhead.results import history


def bits(folder):
    """Return all numbers of a run; history.h5 itself tells when its groups were made."""
    made = history.load(folder / "history.h5")
    arrays = {
        (name, key): values.tobytes()
        for name, each in made.records.items()
        for key, values in [*each.series.items(), *each.weights.items()]
    }
    return made.data, made.numbers, arrays, {k: v.to_csv() for k, v in made.tables.items()}
