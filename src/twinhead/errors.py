"""The one error that is the user's to mend."""


class InputError(ValueError):
    """Bad input: a key, a file or a folder. Shown as one line, exit code 2, no traceback.

    The message names the key or file, what was found and what was expected.
    """
