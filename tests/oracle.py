"""Both heads in float64 NumPy, written from the formulas. Shares no code with src.

Names follow the algebra: theta (d, 2), beta (d, 1), X (n, d), y (n,) in {0, 1}.
"""

import numpy as np


def softmax_loss(theta, bias, X, y):
    """Mean cross-entropy and its gradients with respect to theta and bias."""
    z = X @ theta + bias
    z = z - z.max(axis=1, keepdims=True)
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    onehot = np.stack([1 - y, y], axis=1)
    loss = -np.log(p[np.arange(len(y)), y]).mean()
    slope = (p - onehot) / len(y)
    return loss, X.T @ slope, slope.sum(axis=0)


def sigmoid_loss(beta, bias, X, y):
    """Mean binary cross-entropy and its gradients with respect to beta and bias."""
    z = (X @ beta + bias)[:, 0]
    p = 1 / (1 + np.exp(-z))
    # log(1 - p) would lose its digits where p is close to 1.
    loss = (y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z)).mean()
    slope = (p - y)[:, None] / len(y)
    return loss, X.T @ slope, slope.sum(axis=0)


def isometric_loss(gamma, bias, X, y):
    """Mean cross-entropy of two logits that are [-1, 1] / sqrt 2 times one output."""
    turn = np.array([[-1, 1]]) / 2**0.5
    loss, to_theta, to_bias = softmax_loss(gamma @ turn, bias @ turn, X, y)
    return loss, to_theta @ turn.T, turn @ to_bias


LOSSES = {"softmax": softmax_loss, "sigmoid": sigmoid_loss, "isometric": isometric_loss}


def train_sgd(head, kernel, bias, X, y, rate, batch, orders, masks, dropout):
    """Plain SGD over the given epochs; returns kernel and bias after each, the start included."""
    kernels, biases = [kernel.astype(np.float64)], [bias.astype(np.float64)]
    for order, mask in zip(orders, masks, strict=True):
        kernel, bias = kernels[-1].copy(), biases[-1].copy()
        for start in range(0, len(y), batch):
            rows = order[start : start + batch]
            inputs = X[rows].astype(np.float64) * mask[start : start + batch] / (1 - dropout)
            _, to_kernel, to_bias = LOSSES[head](kernel, bias, inputs, y[rows].astype(int))
            kernel, bias = kernel - rate * to_kernel, bias - rate * to_bias
        kernels.append(kernel)
        biases.append(bias)
    return kernels, biases


def train_pulled(head, kernel, bias, X, y, rate, orders, masks, *, l2=0, l1=0, norm=np.inf):
    """SGD with L2 and L1 on the kernel and each gradient cut to a norm; kernel after each epoch."""
    kernels = [kernel]
    for order, mask in zip(orders, masks, strict=True):
        for rows, kept in zip(order, mask, strict=True):
            _, to_kernel, to_bias = LOSSES[head](kernel, bias, X[rows] * kept, y[rows].astype(int))
            to_kernel = to_kernel + 2 * l2 * kernel + l1 * np.sign(kernel)
            cut = [min(1, norm / np.linalg.norm(g)) * g for g in (to_kernel, to_bias)]
            kernel, bias = kernel - rate * cut[0], bias - rate * cut[1]
        kernels.append(kernel)
    return np.array(kernels)


def softmax(z):
    """Softmax of the last axis."""
    widened = np.exp(z - np.max(z, axis=-1, keepdims=True))
    return widened / widened.sum(axis=-1, keepdims=True)


def softplus(z):
    """log(1 + e^z), from two branches that each keep their digits."""
    return np.where(z > 0, z, 0) + np.log1p(np.exp(-np.abs(z)))


def cross_entropy(z, label):
    """-log softmax(z)[label], without a logarithm of a small number."""
    shifted = z - z[label]
    top = shifted.max()
    return top + np.log(np.exp(shifted - top).sum())


def margin_loss(name, ys):
    """A margin loss of ys, from its formula."""
    return {
        "0-1": (ys <= 0).astype(float),
        "hinge": np.maximum(0, 1 - ys),
        "squared hinge": np.maximum(0, 1 - ys) ** 2,
        "logistic": np.log(1 + np.exp(-ys)),
        "exponential": np.exp(-ys),
    }[name]


def best_constant(name, y, delta):
    """The constant that fits y best: where the slope of the loss is 0.

    Huber's by weighting rows anew until nothing moves; Poisson's, the mean of c - y log c, by
    halving an interval at whose ends the slope 1 - mean(y)/c has two signs.
    """
    if name == "Huber":
        c = np.median(y)
        for _ in range(10_000):
            c = np.average(y, weights=delta / np.maximum(np.abs(y - c), delta))
        return c
    if name == "Poisson":
        low, high = y.min(), y.max()
        for _ in range(100):
            c = (low + high) / 2
            low, high = (c, high) if (1 - y / c).mean() < 0 else (low, c)
        return c
    return {"MSE": y.mean(), "MSLE": np.exp(np.log(1 + y).mean()) - 1, "MAE": np.median(y)}[name]


def divergence(p, q):
    """Kullback-Leibler divergence in nats, over the last axis."""
    return (p * (np.log(p) - np.log(q))).sum(axis=-1)


def label_scores(truth, said):
    """Errors a label, rows all right, F1 per row (nothing to find and nothing said: 1), per label.

    Args:
        truth, said: 0 and 1, shape (rows, labels).
    """
    both, either = (truth * said), truth + said
    with np.errstate(invalid="ignore"):
        rows = 2 * both.sum(axis=1) / either.sum(axis=1)
        labels = 2 * both.sum(axis=0) / either.sum(axis=0)
    return {
        "wrong": (truth != said).mean(),
        "exact": (truth == said).all(axis=1).mean(),
        "f1 rows": np.nan_to_num(rows, nan=1).mean(),
        "f1 labels": np.nan_to_num(labels, nan=0),
    }


def area_under_curve(truth, score):
    """The share of pairs, one positive and one negative, that the score puts in order."""
    above = score[truth == 1][:, None] - score[truth == 0]
    return (above > 0).mean() + (above == 0).mean() / 2
