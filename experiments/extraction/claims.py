"""What a features file has to be, whatever images and network it is of."""

from twinhead.results.claim import Claim, Source, exactly, within

FILE = "The file"
OURS = Source("what every later step takes for granted")

CLAIMS = (
    Claim(
        "1",
        "Rows belong to their names",
        FILE,
        "{checked} random rows, extracted again from the images of their names, come out again "
        "(largest difference, relative to the row's largest feature)",
        "difference by name",
        within(
            1e-5,
            "Float32 keeps 7 digits, and a network adds up in another order for other batches: "
            "1e-5 is about 100 roundings.",
            derived=True,
        ),
        OURS,
        "difference by another's name",
        "each row held against the image of another one's name",
    ),
    Claim(
        "2",
        "Labels belong to their names",
        FILE,
        "The labels are those that the names say (how many of {rows} are not)",
        "labels that names contradict",
        exactly(0),
        OURS,
        "labels that names contradict, in reverse order",
        "the labels in reverse order",
    ),
)
