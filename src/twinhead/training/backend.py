"""TensorFlow and Keras, set up once: the only module that imports them.

Takes seconds. Whoever imports this has checked everything else before.
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # Failures arrive as exceptions anyway.
os.environ["KERAS_BACKEND"] = "tensorflow"


@contextmanager
def _greetings_held_back() -> Iterator[None]:
    """Keep what native code writes to stderr, and show it only if something fails.

    TensorFlow tells a machine without a GPU so in red, several times, before any setting counts.
    """
    sys.stderr.flush()
    with tempfile.TemporaryFile() as kept:
        stderr = os.dup(2)
        os.dup2(kept.fileno(), 2)
        try:
            yield
        except BaseException:
            kept.seek(0)
            os.write(stderr, kept.read())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)


with _greetings_held_back():
    import keras
    import tensorflow as tf

    tf.config.list_logical_devices()  # Looks for GPUs now, rather than amid the first training.

tf.get_logger().setLevel("ERROR")  # It advises against many small models; ours are many and small.
# A user's own keras.json must not change what is measured.
keras.config.set_floatx("float32")
# The same command gives the same bits.
tf.config.experimental.enable_op_determinism()

__all__ = ["keras", "tf"]
