"""The networks of keras.applications and the size of image each was made for. No Keras in here."""

import difflib
from pathlib import Path

# Their own size where they have their top; without it Keras takes any. A test reads them off Keras.
SIZES = {
    "Xception": 299,
    "InceptionV3": 299,
    "InceptionResNetV2": 299,
    "NASNetLarge": 331,
    "EfficientNetB1": 240,
    "EfficientNetB2": 260,
    "EfficientNetB3": 300,
    "EfficientNetB4": 380,
    "EfficientNetB5": 456,
    "EfficientNetB6": 528,
    "EfficientNetB7": 600,
    "EfficientNetV2B1": 240,
    "EfficientNetV2B2": 260,
    "EfficientNetV2B3": 300,
    "EfficientNetV2S": 384,
    "EfficientNetV2M": 480,
    "EfficientNetV2L": 480,
} | dict.fromkeys(
    (
        *("VGG16", "VGG19", "NASNetMobile", "EfficientNetB0", "EfficientNetV2B0"),
        *("ResNet50", "ResNet101", "ResNet152", "ResNet50V2", "ResNet101V2", "ResNet152V2"),
        *("DenseNet121", "DenseNet169", "DenseNet201"),
        *("MobileNet", "MobileNetV2", "MobileNetV3Small", "MobileNetV3Large"),
        *("ConvNeXtTiny", "ConvNeXtSmall", "ConvNeXtBase", "ConvNeXtLarge", "ConvNeXtXLarge"),
    ),
    224,
)
OWN = (".keras", ".h5")  # A model of the user's, whole, in a file.


def is_own(backbone: str) -> bool:
    return backbone.endswith(OWN)


def called(backbone: str) -> str | None:
    """Return a backbone's name as Keras writes it, a file as it is, or None if it is neither."""
    if is_own(backbone):
        return backbone
    return {name.lower(): name for name in SIZES}.get(backbone.lower())


def expected(backbone: str) -> str:
    """Return what stands in place of a backbone that there is not."""
    names = {name.lower(): name.lower() for name in SIZES}
    near = difflib.get_close_matches(backbone.lower(), names, n=3, cutoff=0.5)
    some = ", ".join(near or ["xception", "resnet50"])
    return f"one of keras.applications ({some}, ...) or a path ending in .keras"


def stem(backbone: str) -> str:
    return Path(backbone).stem if is_own(backbone) else backbone
