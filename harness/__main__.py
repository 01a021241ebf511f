"""``python -m harness``"""

from harness.environment import isolate

if __name__ == "__main__":
    isolate()  # before anything reads the environment

    from harness.cli import main

    main()
