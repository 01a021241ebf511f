"""MiniStack as the harness runs it: closer to AWS where that matters to what is deployed here, and safe on a laptop.

Each file wraps some functions of MiniStack, whose version is pinned.
"""
