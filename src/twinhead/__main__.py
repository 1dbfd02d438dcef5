"""`python -m twinhead` is the command `twinhead`."""

from twinhead.cli.main import main

main()
