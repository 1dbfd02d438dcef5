"""What the article concludes of its experiment, and what its printed log is held against."""

from twinhead.results.claim import Claim, Source, at_least, at_most, exactly, within

ROUNDING = {
    "float32": within(
        1e-6,
        "A step rounds by 6e-8 at most; over the article's 785 steps such errors add up like a "
        "random walk's, to 28 of them, 1.7e-6, and gradients pull them back.",
        derived=True,
    ),
    "float64": within(
        1e-12,
        "A step rounds by 1.1e-16 at most: 1e-12 is nine thousand of them, all on one side.",
        derived=True,
    ),
}
SAME, PUBLISHED, LOG = "The same function", "As published", "The article's log"
LAW = Source("the law behind it: the two columns have opposite gradients")


def _in_both(
    id: str, name: str, sentence: str, number: str, source: Source, control: str, apart: str
) -> tuple[Claim, ...]:
    """Return a claim for each precision; `number` and `control` are followed by it."""
    return tuple(
        Claim(
            id=f"{id}{letter}",
            name=f"{name}, {precision}",
            group=SAME,
            sentence=sentence.replace("PRECISION", precision),
            number=f"{number}, {precision}",
            rule=ROUNDING[precision],
            source=source,
            control=f"{control}, {precision}",
            told_apart_by=apart,
        )
        for letter, precision in (("a", "float32"), ("b", "float64"))
    )


CLAIMS = (
    *_in_both(
        "1",
        "β = θ1 − θ0 gives the same probability",
        "With β = θ1 − θ0 both heads give every validation row the same probability "
        "(PRECISION; largest difference)",
        "conversion from softmax",
        Source("000", "section 1"),
        "wrong conversion from softmax",
        "β with the sign flipped",
    ),
    *_in_both(
        "2",
        "Twice the rate, the same losses",
        "Under common noise, at twice the rate, the validation losses stay the same "
        "(PRECISION; largest gap over all epochs, relative to losses above 1)",
        "gap under common noise",
        Source("000", "conclusions 1 and 3"),
        "gap at equal rates",
        "equal learning rates (lr_ratio 1)",
    ),
    Claim(
        "3",
        "As published, the matched arm is the nearer",
        PUBLISHED,
        "As published, the gap after epoch 1 of the arm with β = θ1 − θ0 is less than half "
        "that of the arm with its own start (upper end of the ratio's 95 % interval; the ratio is "
        "{published gap, matched over own start:.4f}, its interval from "
        "{published gap, matched over own start, low:.4f}; {over})",
        "published gap, matched over own start, high",
        at_most(
            0.5,
            "The article says small and gives no bound; half is where the arms cannot be mixed "
            "up any more. Its own printed losses give {gap that the article prints:.4f}.",
        ),
        Source("000", "section 2.2"),
        "published gap, matched to another seed over own start, high",
        "β = θ1 − θ0 of another seed's softmax arm",
    ),
    Claim(
        "4",
        "Common noise takes the leftover gap away",
        PUBLISHED,
        "The article's leftover gap is dropout and batch order: common noise shrinks it "
        "(factor, largest gap over all epochs, float32)",
        "leftover gap, shrunk by common noise",
        at_least(
            640,
            "Whatever the noise does not explain stays. Measured at full size: 6 370 and more; "
            "a tenth of it.",
        ),
        LAW,
        "leftover gap, shrunk by common noise at equal rates",
        "common noise, but equal learning rates",
    ),
    *_in_both(
        "5",
        "θ = ±β/2 gives the same probability",
        "With θ = ±β/2 both heads give every validation row the same probability "
        "(PRECISION; largest difference)",
        "conversion from sigmoid",
        Source("000", "conclusion 2"),
        "wrong conversion from sigmoid",
        "θ = ±β, the half forgotten",
    ),
    *_in_both(
        "6",
        "θ0 + θ1 stands still",
        "θ0 + θ1 does not change during training "
        "(PRECISION; largest change, relative to weights above 1)",
        "change of θ0 + θ1",
        LAW,
        "change of θ0 + θ1 with weight decay",
        "weight decay, which pulls both columns towards 0",
    ),
    *(
        Claim(
            f"7{letter}",
            f"{head.capitalize()} has {formula} parameters",
            "What it costs",
            f"The {head} head has {formula} parameters, counted in the built model",
            f"parameters, {head}",
            exactly(formula),
            Source("000", "conclusion 4"),
            identity="A count of what the model is built of.",
        )
        for letter, head, formula in (
            ("a", "softmax", "2(d + 1)"),
            ("b", "sigmoid", "d + 1"),
        )
    ),
    *(
        Claim(
            f"8{letter}",
            f"The article's printed {what}",
            LOG,
            f"The {{printed {what}}} {what} that the article prints come out again "
            "(largest deviation, in tolerances)",
            f"deviation from printed {what}",
            within(
                1,
                "Each number's tolerance is 3 sd over initial draws, measured on the surrogate: "
                "the article's own draw cannot be made again with TensorFlow 2.",
            ),
            Source("000", "log"),
            f"deviation from the next epoch's printed {what}",
            "every epoch held against the next one's numbers",
        )
        for letter, what in (("a", "losses"), ("b", "accuracies"))
    ),
    *_in_both(
        "9",
        "Twice the rate, the same training losses",
        "Under common noise, at twice the rate, the training losses stay the same as well "
        "(PRECISION; largest gap over all epochs, relative to losses above 1)",
        "training gap under common noise",
        Source("000", "section 2.1"),
        "training gap at equal rates",
        "equal learning rates (lr_ratio 1)",
    ),
    *_in_both(
        "10",
        "A bias of zero fits at the start alone",
        "The bias that goes with β = θ1 − θ0 is b1 − b0, and zero, as article 000 sets it, where "
        "training starts (PRECISION; its size there)",
        "bias to set at the start",
        Source("000", "section 2"),
        "bias to set after training",
        "after training",
    ),
    *_in_both(
        "12",
        "Both heads are as well calibrated",
        "At twice the rate both heads' probabilities can be taken at their word to the same "
        "extent: expected calibration error in tenths, {calibration error of softmax, "
        "PRECISION:.4f} of softmax (PRECISION; how far apart)",
        "calibration errors apart",
        Source("001", "section 2; 004, sigmoid or softmax"),
        "calibration errors apart at equal rates",
        "equal learning rates (lr_ratio 1)",
    ),
    Claim(
        "11",
        "At equal rates the sigmoid is the slower",
        SAME,
        "At equal rates the sigmoid's weights move less far in epoch 1 than those of softmax's "
        "log-odds (length of their ways, in softmax's); said elsewhere: one unit updates faster",
        "way in epoch 1 at equal rates, in softmax's, float64",
        at_most(0.75, "Half as far at the first step, and more as both come near the optimum."),
        Source("Cross Validated 207049", "accepted answer"),
        "way in epoch 1 at twice the rate, in softmax's, float64",
        "at twice the rate",
    ),
)
