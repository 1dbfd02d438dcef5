import numpy as np
import pytest

from twinhead import noise


def test_any_epoch_can_be_drawn_alone():
    noise.order(1, 1, 50)
    after_another = noise.order(1, 2, 50)
    np.testing.assert_array_equal(after_another, noise.order(1, 2, 50))


def test_no_two_streams_share_a_key(monkeypatch):
    keys = []
    philox = np.random.Philox

    def spy(key):
        keys.append(tuple(key))
        return philox(key=key)

    monkeypatch.setattr(np.random, "Philox", spy)
    for epoch in range(1, 6):
        noise.order(3, epoch, 8)
        noise.masks(3, epoch, 8, 2, 0.5)
    assert len(set(keys)) == 10


def test_order_visits_every_row_once():
    assert sorted(noise.order(7, 3, 101)) == list(range(101))


def test_seeds_epochs_and_streams_differ():
    drawn = [noise.masks(seed, epoch, 64, 8, 0.5) for seed in (0, 1) for epoch in (1, 2)]
    assert len({array.tobytes() for array in drawn}) == 4
    assert not np.array_equal(noise.order(0, 1, 64), noise.order(0, 2, 64))


@pytest.mark.parametrize("dropout", [0.0, 0.1, 0.5, 0.9])
def test_masks_keep_the_right_share(dropout):
    masks = noise.masks(3, 1, 2000, 51, dropout)
    assert masks.dtype == np.uint8
    assert set(np.unique(masks)) <= {0, 1}
    # Five standard deviations of a mean of 102 000 draws.
    allowed = 5 * np.sqrt(dropout * (1 - dropout) / masks.size)
    assert abs(masks.mean() - (1 - dropout)) <= allowed


def test_masks_of_sizes_that_are_no_multiple_of_eight():
    assert noise.masks(3, 1, 3, 3, 0.5).shape == (3, 3)
    assert noise.masks(3, 1, 1, 1, 0.5).shape == (1, 1)
