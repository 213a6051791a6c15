"""`python -m threefold` is the command `threefold`."""

from threefold.cli import main

main()
