"""Say what a saved model's head is, what is wrong, and the mend."""

from collections.abc import Sequence

from twinhead.cli.experiment import usage
from twinhead.cli.files import files_and_settings, start_keras
from twinhead.models import paths
from twinhead.settings import Text, Values

WANT = "Use it on a model of your own"


class Settings(Values):
    head: Text | None
    inputs: Text | None


def main(words: Sequence[str]) -> int:
    if {"-h", "--help"} & {*words}:
        print(usage("command/diagnose"))
        return 0
    (path,), settings = files_and_settings("diagnose", Settings, words, ("a model to read",))
    paths.check_model(path)
    start_keras()
    # After Keras is set up, and with it in seconds.
    from twinhead.models import diagnosis, files

    found = diagnosis.diagnose(files.load(path), head=settings.head, inputs=settings.inputs)
    print(found)
    return 0 if found.healthy else 1
