"""``python -m harness``"""

import signal
import sys

from harness.environment import isolate

if __name__ == "__main__":
    isolate()  # before anything reads the environment
    try:
        from harness.cli import main

        main()
    except KeyboardInterrupt:  # before a command could say what an interruption means
        sys.exit(128 + signal.SIGINT)
