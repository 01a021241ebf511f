"""The command `mlserver`, for `python -m`."""

from mlserver.cli.main import main

if __name__ == "__main__":  # its workers import this module again
    main()
