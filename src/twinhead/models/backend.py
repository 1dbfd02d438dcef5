"""Keras as the user has set it up.

A model of theirs lives in their process: `training.backend`, which sets Keras up for measurements
(precision, determinism), would change how the rest of their program computes.
"""

import keras

__all__ = ["keras"]
