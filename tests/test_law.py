"""The law, on small problems: what is measured is right, and a claim that should fail does."""

from dataclasses import replace

import law
import numpy as np
import oracle
import pytest

from twinhead import config, data, history, noise, runs
from twinhead.matching import translate

FEW = ("SGD", "AdamW, its weight decay", "clipnorm", "L2 with Adam", "Muon")
FEW = (*FEW, "global_clipnorm", "global_clipnorm over a layer under the head")


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """A run with a few rows of the map and few steps."""
    patch = pytest.MonkeyPatch()
    patch.setattr(law, "CASES", tuple(case for case in law.CASES if case.name in FEW))
    patch.setattr(law, "CLASS_STEPS", 50)
    words = ["data=surrogate", "data.rows=400", "data.features=12", "steps=60", "long_steps=300"]
    outputs = tmp_path_factory.mktemp("outputs")
    settings = config.compose("law", [*words, "progress=false", f"outputs={outputs}"])
    run = runs.execute(law.EXPERIMENT, settings)
    yield run, lambda: history.load(run.folder / "history.h5")
    patch.undo()


def test_all_claims_hold_and_all_controls_fail(measured):
    run, loaded = measured
    verdicts = law.judge(loaded())
    wrong = [(v.id, v.measured, v.control.measured) for v in verdicts if v.verdict != "holds"]
    assert run.exit_code == 0, wrong
    assert {v.control.verdict for v in verdicts} == {"fails"}
    assert {path.name for path in (run.folder / "figures").glob("*.png")} == {
        *("slide.png", "map.png", "float32.png"),
    }


@pytest.mark.parametrize(
    ("table", "column", "value", "failing"),
    [
        ("map", "mapped_logit_gap", 1e-11, "01"),
        ("map", "naive_loss_gap", 1e-13, "01"),
        ("map", "theta_sum_drift", 1e-11, "S"),
        ("classes", "mixed_gap", 1e-11, "Ka"),
        ("classes", "best_gap", 1e-9, "Kb"),
        ("classes", "eigenvalues_of_one", 7, "Kc"),
        ("float32", "mapped_weight_gap", 1.0, "F"),
    ],
)
def test_a_falsified_measurement_fails_its_claim(measured, table, column, value, failing):
    result = measured[1]()
    for row in result.tables[table]:
        row[column] = value
    verdicts = {verdict.id: verdict.verdict for verdict in law.judge(result)}
    assert verdicts[failing] == "fails"


def problem():
    """64 training rows, 3 epochs of 4 batches."""
    generator = np.random.default_rng(2)
    X = generator.standard_normal((96, 5)).astype(np.float32)
    y = (X[:, 0] + generator.standard_normal(96) > 0).astype(np.uint8)
    return law.Problem(data.split(data.Features("made up", X, y), 1 / 3, 0), 3, 16, 3)


@pytest.mark.parametrize("head", ["softmax", "sigmoid"])
@pytest.mark.parametrize(
    ("settings", "pulls"),
    [
        # Keras rounds both to float32: these are whole in it.
        ({"l2": 0.25}, {"l2": 0.25}),
        ({"l1": 0.125}, {"l1": 0.125}),
        ({"clipnorm": 0.05}, {"norm": 0.05}),
        ({"dropout": 0.5}, {}),
    ],
    ids=lambda value: " ".join(value),
)
def test_training_alone_agrees_with_plain_numpy(head, settings, pulls):
    small = problem()
    X, y = small.split.X_train.astype(np.float64), small.split.y_train
    generator = np.random.default_rng(1)
    units = 2 if head == "softmax" else 1
    kernel, bias = generator.standard_normal((5, units)), generator.standard_normal(units)
    job = law.Job("", head, {"optimizer": "sgd", "learning_rate": 0.25} | settings, kernel, bias)
    trained = law._by_itself(job, small)
    dropout = settings.get("dropout", 0.0)
    epochs = range(1, 4)
    orders = [noise.order(3, epoch, 64).reshape(4, 16) for epoch in epochs]
    masks = [
        noise.unpacked(noise.masks(3, epoch, 64, 5, dropout), 5).reshape(4, 16, 5) / (1 - dropout)
        for epoch in epochs
    ]
    expected = oracle.train_pulled(head, kernel, bias, X, y, 0.25, orders, masks, **pulls)
    np.testing.assert_allclose(trained.kernel, expected, atol=1e-13)


def test_bank_and_training_alone_agree_on_a_row_that_both_can_train():
    small = problem()
    case = law.CASES[0]  # SGD, which is among the few as well.
    jobs = law._jobs(case, small)
    assert all(map(law._fits_the_bank, jobs))
    together = law._in_the_bank(jobs, small)
    for job in jobs:
        alone = law._by_itself(job, small)
        np.testing.assert_allclose(together[job.name].logits, alone.logits, atol=1e-13)


def test_rows_that_mix_columns_stay_out_of_the_bank():
    small = problem()
    for case in law.CASES:
        mixing = {"clipnorm", "global_clipnorm", "l1", "l2", "dropout"} & case.softmax.keys()
        if mixing or case.softmax["optimizer"] in config.ALONE:
            assert not any(law._fits_the_bank(job) for job in law._jobs(case, small)), case.name


def test_an_unmet_condition_is_another_start_or_another_scale():
    small = problem()
    for case in law.CASES:
        conditional = translate(case.softmax).status == "conditional"
        assert bool(case.unmet) == conditional, case.name
        if case.antisymmetric:
            theta, _ = law._start(small, case, antisymmetric=True)
            assert np.abs(theta.sum(axis=1)).max() <= 1e-16
            theta, _ = law._start(small, replace(case, unmet={}), antisymmetric=False)
            assert np.abs(theta.sum(axis=1)).max() >= 0.05
