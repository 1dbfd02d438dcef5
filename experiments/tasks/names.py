"""What the rows of this experiment's tables are called."""

TWO, MANY, SEVERAL = "two classes", "many classes", "several labels"
TWO_DATA, SEVERAL_DATA = "breast cancer (Wisconsin)", "multi-label data made up by scikit-learn"

BINARY, CATEGORICAL = "binary cross-entropy", "categorical cross-entropy"
SIGMOID, SOFTMAX, ONES = "sigmoid", "softmax", "sigmoid, categorical cross-entropy"
REST, PAIRS = "sigmoid, one against the rest", "sigmoid, one against one"
LOSS_OF = {SIGMOID: BINARY, SOFTMAX: CATEGORICAL, ONES: CATEGORICAL, REST: BINARY, PAIRS: BINARY}
# A head may also be scored in another state, or not be one at all.
UNTRAINED, TUNED, NEVER = ", untrained", ", best threshold", "never yes"

ERRORS = "errors, share of a constant answer's"
PER_LABEL, PER_ROW = "F1 per label, mean", "F1 per row, mean"
EXACT_TWO = "rows with two labels or more, all right"
EXACT, RIGHT, COUNT = "rows with all labels right", "labels right", "probabilities, sum in a row"
AUC, MOST, YES = "AUC per label, mean", "most labels in a row", "share of yes"
