"""The algebra between the two heads: beta from theta and back, and the learning rate's factor."""

import numpy as np


def match_sigmoid(theta: np.ndarray, bias: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the sigmoid weights with the softmax head's odds: beta = theta1 - theta0.

    Column 1 is the positive class. Swapped columns flip every logit, and nothing downstream
    notices.

    Args:
        theta: softmax kernel, shape (d, 2).
        bias: softmax bias, shape (2,).
    Returns:
        beta, shape (d, 1), and its bias, shape (1,), of the same dtype.
    Source: article 000, section 1.
    """
    return theta[:, 1:] - theta[:, :1], bias[1:] - bias[:1]


def match_softmax(beta: np.ndarray, bias: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return softmax weights with the sigmoid head's odds: theta1 = beta / 2, theta0 = -beta / 2.

    One of infinitely many: any vector may be added to both columns. This is the one with
    theta0 + theta1 = 0, which training then keeps.

    Args:
        beta: sigmoid kernel, shape (d, 1).
        bias: sigmoid bias, shape (1,).
    Returns:
        theta, shape (d, 2), and its bias, shape (2,), of the same dtype.
    Source: article 000, conclusion 2.
    """
    return np.hstack([-beta, beta]) / 2, np.concatenate([-bias, bias]) / 2


def sigmoid_learning_rate(learning_rate: float, lr_ratio: float) -> float:
    """Return the rate at which the sigmoid head learns beside a softmax head at `learning_rate`.

    With lr_ratio = 2 both heads make the same step: the softmax's logit difference is moved by
    both of its columns, each with the gradient of the sigmoid's one, up to the sign.
    Source: article 000, conclusion 3, with the sides the right way round.
    """
    return learning_rate * lr_ratio
