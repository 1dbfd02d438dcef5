"""The weights of one head from another's: the same function, and the way back."""

import math
from collections.abc import Callable
from typing import overload

import numpy as np
from numpy.typing import ArrayLike

from twinhead.errors import InputError

Both = tuple[np.ndarray, np.ndarray]  # Kernel and bias.


@overload
def match_sigmoid(theta: ArrayLike, bias: None = None, head: str = ...) -> np.ndarray: ...
@overload
def match_sigmoid(theta: ArrayLike, bias: ArrayLike, head: str = ...) -> Both: ...
def match_sigmoid(
    theta: ArrayLike, bias: ArrayLike | None = None, head: str = "softmax"
) -> np.ndarray | Both:
    """Return the sigmoid weights with the softmax head's odds: beta = theta1 - theta0.

    Column 1 is the positive class. Swapped columns flip every logit, and nothing downstream
    notices.

    Args:
        theta: softmax kernel, shape (d, 2); an isometric one, shape (d, 1).
        bias: the same head's, shape (2,) or (1,). A head that has one is not the same without it.
        head: whose weights these are, softmax or isometric.
    Returns:
        beta, shape (d, 1), of the same dtype; with a bias also the sigmoid's, shape (1,).
    Raises:
        InputError: another shape or head.
    Source: article 000, section 1.
    """
    _one_of(head, "softmax", "isometric")
    if head == "isometric":
        root = math.sqrt(2)
        return _matched("gamma", theta, ("d", 1), bias, lambda w: w * w.dtype.type(root))
    return _matched("theta", theta, ("d", 2), bias, lambda w: w[..., 1:] - w[..., :1])


@overload
def match_softmax(beta: ArrayLike, bias: None = None, head: str = ...) -> np.ndarray: ...
@overload
def match_softmax(beta: ArrayLike, bias: ArrayLike, head: str = ...) -> Both: ...
def match_softmax(
    beta: ArrayLike, bias: ArrayLike | None = None, head: str = "sigmoid"
) -> np.ndarray | Both:
    """Return softmax weights with the other head's odds: theta1 = beta / 2, theta0 = -beta / 2.

    One of infinitely many: any vector may be added to all columns. This is the one whose columns
    have the sum zero, which training then keeps.

    Args:
        beta: sigmoid kernel, shape (d, 1); an isometric one, shape (d, K - 1).
        bias: the same head's, shape (1,) or (K - 1,). A head that has one is not the same without
            it.
        head: whose weights these are, sigmoid or isometric.
    Returns:
        theta, shape (d, 2) or (d, K), of the same dtype; with a bias also the softmax's.
    Raises:
        InputError: another shape or head.
    Source: article 000, conclusion 2.
    """
    _one_of(head, "sigmoid", "isometric")
    if head == "isometric":
        return _matched("gamma", beta, ("d", "K - 1"), bias, _from_contrasts)
    return _matched("beta", beta, ("d", 1), bias, lambda w: np.concatenate([-w, w], axis=-1) / 2)


@overload
def match_isometric(theta: ArrayLike, bias: None = None, head: str = ...) -> np.ndarray: ...
@overload
def match_isometric(theta: ArrayLike, bias: ArrayLike, head: str = ...) -> Both: ...
def match_isometric(
    theta: ArrayLike, bias: ArrayLike | None = None, head: str = "softmax"
) -> np.ndarray | Both:
    """Return isometric weights with the other head's odds: gamma = (theta1 - theta0) / sqrt(2).

    For K classes gamma = theta @ contrasts(K). What all columns of theta have in common changes
    no probability and is lost; where there is none, gamma is as long as theta.

    Args:
        theta: softmax kernel, shape (d, K); a sigmoid one, shape (d, 1).
        bias: the same head's, shape (K,) or (1,). A head that has one is not the same without it.
        head: whose weights these are, softmax or sigmoid.
    Returns:
        gamma, shape (d, K - 1), of the same dtype; with a bias also the isometric head's.
    Raises:
        InputError: another shape or head.
    Source: docs/theory.md; Egozcue et al. 2003 (isometric log-ratio coordinates).
    """
    _one_of(head, "softmax", "sigmoid")
    if head == "sigmoid":
        root = math.sqrt(1 / 2)
        return _matched("beta", theta, ("d", 1), bias, lambda w: w * w.dtype.type(root))
    return _matched("theta", theta, ("d", "K"), bias, _to_contrasts)


def contrasts(classes: int) -> np.ndarray:
    """Return Helmert's columns: orthonormal, each with the sum zero, shape (K, K - 1), float64.

    Column k sets class k against the mean of the classes before it; for two classes it is
    [-1, 1] / sqrt(2), so that a positive logit is class 1. Logits of the softmax head are the
    isometric head's @ contrasts(K).T.
    """
    columns = np.zeros((classes, classes - 1))
    for k in range(1, classes):
        columns[:k, k - 1] = -1
        columns[k, k - 1] = k
        columns[:, k - 1] /= math.sqrt(k * (k + 1))
    return columns


def _to_contrasts(theta: np.ndarray) -> np.ndarray:
    return theta @ contrasts(theta.shape[-1]).astype(theta.dtype)


def _from_contrasts(gamma: np.ndarray) -> np.ndarray:
    return gamma @ contrasts(gamma.shape[-1] + 1).astype(gamma.dtype).T


def _matched(
    name: str,
    kernel: ArrayLike,
    shape: tuple[str | int, ...],
    bias: ArrayLike | None,
    match: Callable[[np.ndarray], np.ndarray],
) -> np.ndarray | Both:
    """Return the kernel with its last axis matched, and the bias where there is one."""
    checked = _shaped(name, kernel, shape)
    if bias is None:
        return match(checked)
    return match(checked), match(_shaped("bias", bias, (checked.shape[-1],)))


def _shaped(name: str, values: ArrayLike, expected: tuple[str | int, ...]) -> np.ndarray:
    """Return the array; another shape would be matched into numbers that look like weights."""
    array = np.asarray(values)
    last = expected[-1]
    least = {"K": 2, "K - 1": 1}.get(str(last), 0)
    fits = array.ndim == len(expected) and (
        array.shape[-1] >= least if least else array.shape[-1] == last
    )
    if not fits:
        words = str(expected).replace("'", "")
        raise InputError(f"{name}: found shape {array.shape}, expected {words}")
    # Halves and roots of whole numbers are none.
    return array.astype(np.float64) if array.dtype.kind in "iub" else array


def _one_of(head: str, *heads: str) -> None:
    if head not in heads:
        raise InputError(f"head: found {head}, expected {' or '.join(heads)}")


def sigmoid_learning_rate(learning_rate: float, lr_ratio: float) -> float:
    """Return the rate at which the sigmoid head learns beside a softmax head at `learning_rate`.

    With lr_ratio = 2 both heads make the same step: the softmax's logit difference is moved by
    both of its columns, each with the gradient of the sigmoid's one, up to the sign.
    Source: article 000, conclusion 3, with the sides the right way round.
    """
    return learning_rate * lr_ratio
