"""``python -m feedforward``: the same program as ``feedforward``."""

from feedforward.commands.cli import main

if __name__ == "__main__":
    main(prog_name="feedforward")
