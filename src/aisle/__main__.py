"""`python -m aisle`: the same program as the command `aisle`."""

from aisle.cli import main

main()
