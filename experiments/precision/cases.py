"""Which precisions and starts are compared, and in which ways rows are scored."""

# Ours -> Keras's policy. Mixed: weights in float32, everything between them in 16 bits.
POLICIES = {
    "float32": "float32",
    "mixed float16": "mixed_float16",
    "mixed bfloat16": "mixed_bfloat16",
    "float16": "float16",
    "bfloat16": "bfloat16",
}
PURE = ("float16", "bfloat16")
PRECISIONS = ("float32", *PURE)  # That rows are scored in.

# The same function each, but for rounding.
DRAWN, WITH_COMMON, ZERO_SUM = "as drawn", "with a common part", "θ0 + θ1 = 0"
STARTS = (DRAWN, WITH_COMMON, ZERO_SUM)

# Head, and its rate over the softmax's.
ROLES = {"softmax": 1.0, "twice the rate": 2.0, "same rate": 1.0}

# How one trained head is kept for scoring rows: rounded after it was brought into this form.
FORMS = ("two columns, common part", "a fiftieth of it", "two columns, sum zero", "one column")
SMALL_PART = 1 / 50
SCORES = ("log-odds", "probability")

# Times as many pairs of rows that are tied: no luck of the rows.
MORE = 1.5
