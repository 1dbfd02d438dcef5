"""Every setting trained with both heads, mapped and not, in float64 on the same noise."""

import logging
from typing import Any

import numpy as np
import pandas as pd

from twinhead.data.features import describe, sample, split
from twinhead.data.sources import BreastCancer
from twinhead.experiments.law import (
    Settings,
    alone,
    beyond,
    by_keras,
    classes,
    draws,
    elsewhere,
    jobs,
    objectives,
    optimum,
    rounding,
    scikit_learn,
    searches,
    summing,
    swap,
)
from twinhead.experiments.law.cases import CASES, Case
from twinhead.experiments.law.jobs import Job, Problem, Trained
from twinhead.experiments.law.small import problem as a_small_problem
from twinhead.matching import CONDITIONAL, EXACT, IMPOSSIBLE, Translation, translate
from twinhead.results.arm import Arm
from twinhead.results.history import History
from twinhead.training import bank, heads
from twinhead.training.recipe import Recipe

log = logging.getLogger(__name__)


def measure(settings: Settings) -> History:
    features = sample(settings.data.load(), settings.rows, settings.features, settings.seed)
    parts = split(features, 0.2, settings.seed)
    history = History(describe(features, parts))
    tumours = BreastCancer().load()
    parts_of_tumours = split(tumours, 0.2, settings.seed)
    problems = {
        name: jobs.in_whole_batches(own, settings.seed, settings.batch_size, settings.steps)
        for name, own in ((features.name, parts), (tumours.name, parts_of_tumours))
    }
    log.info("%d settings on %d data sets", len(CASES), len(problems))
    tables = history.tables
    tables["map"] = pd.DataFrame([row for each in problems.items() for row in _map(*each)])
    settings_of_map = summarised(tables["map"])
    history.numbers |= numbers(tables["map"], settings_of_map)
    log.info("K classes")
    tables["classes"] = classes.measure(settings.seed, settings.steps)
    history.numbers |= classes.numbers(tables["classes"])
    log.info("float32, %d steps", settings.long_steps)
    tables["float32"] = rounding.measure(settings, problems[tumours.name].split)
    history.numbers |= rounding.numbers(tables["float32"])
    small = a_small_problem(settings.seed)
    for name, part in (
        ("methods", beyond.of_methods),
        ("objectives", beyond.of_objectives),
        ("isometric", beyond.of_isometric),
    ):
        log.info("%s", name)
        tables[name], found = part(small)
        history.numbers |= found
    log.info("searches, draws, swaps")
    for part in (searches, draws, swap):
        history.numbers |= part.measure(small)
    history.numbers |= by_keras.edges(small) | objectives.z_loss(small)
    history.data["XGBoost"], found, history.untested = elsewhere.measure(small)
    history.numbers |= found | scikit_learn.measure(small)
    mapped = [name for name in history.numbers if name.endswith(": mapped")]
    history.numbers["rows of other libraries"] = sum(map(elsewhere.is_its_own, mapped))
    log.info("scikit-learn's optimum")
    history.numbers |= optimum.measure(parts_of_tumours)
    tables["summary"] = summing.whole(settings_of_map, tables, history.numbers)
    return history


def _map(name: str, problem: Problem) -> list[dict[str, Any]]:
    """Train every case on one problem and return a row for each."""
    trained = _train([job for case in CASES for job in jobs.jobs(case, problem)], problem)
    rows = []
    for case in CASES:
        translation = translate(case.softmax)
        softmax = trained[f"{case.name}: softmax"]
        theta_sum = softmax.kernel.sum(axis=2)
        row = {"setting": case.name, "data": name, "status": translation.status}
        row["factors"] = _factors(translation)
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


def _factors(translation: Translation) -> str:
    """Return what the sigmoid's settings are multiplied by, such as "learning_rate × 2"."""
    if translation.settings is None:
        return "none does"
    changed = [
        f"{key} × {translation.rules[key].factor:.4g}"
        for key, value in translation.given.items()
        if key in translation.settings and translation.settings[key] != value
    ]
    return ", ".join(changed) or "as it is"


def _conserves(case: Case) -> bool:
    """Tell whether nothing but gradients moves the weights, so that θ0 + θ1 has to stay."""
    pulls = ("weight_decay", "l1", "l2")
    return case.softmax["optimizer"] not in ("ftrl", "muon") and not any(
        key in case.softmax for key in pulls
    )


def summarised(table: pd.DataFrame) -> pd.DataFrame:
    """Return a row a setting: the worst of its gaps over the data sets."""
    # NumPy's extremes: those of pandas pass over a NaN, and a head that diverged is no match.
    return pd.DataFrame(
        {
            "setting": setting,
            "status": both.status.iloc[0],
            "factors": both.factors.iloc[0],
            "mapped": both[["mapped_loss_gap", "mapped_logit_gap"]].to_numpy().max(),
            "naive": both.naive_loss_gap.to_numpy().min(),
            "unmet": both.unmet_loss_gap.to_numpy().min(),
        }
        for setting, both in table.groupby("setting", sort=False)
    )


def numbers(table: pd.DataFrame, summary: pd.DataFrame) -> dict[str, float]:
    """Return every setting's gaps, the extremes of the exact ones, and how θ0 + θ1 moves."""
    found: dict[str, float] = {}
    for row in summary.itertuples():
        found |= {f"{row.setting}: mapped": row.mapped, f"{row.setting}: not mapped": row.naive}
        if row.status == CONDITIONAL and not np.isnan(row.unmet):
            found[f"{row.setting}: condition not met"] = row.unmet
    for status in (EXACT, CONDITIONAL, IMPOSSIBLE):
        found[f"{status} settings"] = int((summary.status == status).sum())
    exact = summary[summary.status == EXACT]
    found["exact settings, mapped: largest gap"] = float(exact.mapped.to_numpy().max())
    found["exact settings, not mapped: smallest gap"] = float(exact.naive.to_numpy().min())
    kept = table[table.theta_sum_conserved == 1]
    drawn = {case.name for case in CASES if not case.antisymmetric}
    pulled = table[(table.theta_sum_conserved == 0) & table.setting.isin(drawn)]
    found["trainings that only gradients move"] = len(kept)
    found["change of θ0 + θ1"] = float(kept.theta_sum_drift.to_numpy().max())
    found["change of θ0 + θ1, pulled"] = float(pulled.theta_sum_drift.to_numpy().min())
    return found


def _train(all_jobs: list[Job], problem: Problem) -> dict[str, Trained]:
    """Train all jobs: in one pass of the bank what is columns of one kernel, the rest alone."""
    trained = in_the_bank([job for job in all_jobs if jobs.fits_the_bank(job)], problem)
    rest = [job for job in all_jobs if job.name not in trained]
    for done, job in enumerate(rest, start=1):
        trained[job.name] = alone.train(job, problem)
        counted = ("settings that are trained by themselves", done, len(rest))
        log.info("%s", job.name, extra={"counted": counted})
    return trained


def in_the_bank(together: list[Job], problem: Problem) -> dict[str, Trained]:
    starts = {job.name: (job.kernel, job.bias) for job in together}
    optimizers, arms = {}, []
    for job in together:
        built_of = jobs.options(job.settings)
        name = repr(built_of)
        optimizers[name] = built_of
        rate = job.settings["learning_rate"]
        arms.append(
            Arm(job.name, job.head, rate, problem.seed, optimizer=name, precision="float64")
        )
    records = bank.train(
        arms,
        Recipe(problem.epochs, problem.batch_size),
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


def _gaps(sigmoid: Trained, softmax: Trained, problem: Problem) -> tuple[float, float]:
    """Return the largest gap over epochs: of the mean loss, and of any row's log-odds."""
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
