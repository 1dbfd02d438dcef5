import numpy as np
import pytest

from twinhead.training import noise


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
    masks = noise.unpacked(noise.masks(3, 1, 2000, 51, dropout), 51)
    assert masks.shape == (2000, 51)
    assert masks.dtype == np.uint8
    assert set(np.unique(masks)) <= {0, 1}
    # Five standard deviations of a mean of 102 000 draws.
    allowed = 5 * np.sqrt(dropout * (1 - dropout) / masks.size)
    assert abs(masks.mean() - (1 - dropout)) <= allowed


@pytest.mark.parametrize("dropout", [0.3, 0.5])
def test_masks_take_a_bit_an_input(dropout):
    assert noise.masks(3, 1, 3, 3, dropout).shape == (3, 1)
    assert noise.masks(3, 1, 40, 17, dropout).nbytes == 40 * 3


def test_the_highest_bits_of_a_row_are_its_first_features():
    packed = np.array([[0b10000001, 0b01000000, 0b00000000]], np.uint8)
    expected = np.zeros(24, np.uint8)
    expected[[0, 3 + 1, 7 * 3]] = 1  # Of 3 bytes' first bits, of their second ones, of their last.
    np.testing.assert_array_equal(noise.unpacked(packed, 24)[0], expected)
    np.testing.assert_array_equal(noise.unpacked(packed, 17)[0], expected[:17])


@pytest.mark.parametrize("dropout", [0.25, 0.3])
def test_inputs_are_dropped_independently(dropout):
    """Of each other, of the next row's, and of what shares a byte or a word with them."""
    dropped = 1.0 - noise.unpacked(noise.masks(3, 1, 4096, 128, dropout), 128) - dropout
    scale = dropout * (1 - dropout) * np.sqrt(dropped.size)
    for rows, columns in ((0, 1), (1, 0), (0, 16), (0, 64), (1, 1), (4, 0)):
        together = (dropped * np.roll(dropped, (rows, columns), (0, 1))).sum()
        assert abs(together) <= 5 * scale, (rows, columns)


def test_a_block_of_rows_ends_where_the_next_begins():
    """Rows are drawn in blocks; none may be left as it was or drawn twice."""
    rows = noise.BLOCK_ROWS + 5
    masks = noise.masks(3, 1, rows, 64, 0.3)
    assert len({row.tobytes() for row in masks}) == rows


def test_no_block_of_rows_is_another_one_again():
    drawn = noise.masks(0, 1, 2 * noise.BLOCK_ROWS, 40, 0.3)
    first, second = drawn[: noise.BLOCK_ROWS], drawn[noise.BLOCK_ROWS :]
    assert (first == second).all(axis=1).mean() < 0.01
