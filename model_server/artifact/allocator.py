"""Has the C library give memory back that nobody uses."""

from __future__ import annotations

import ctypes
import gc

# The blocks in which Pillow keeps large images have 16 MB. What a network computes from one image of 224 x 224 pixels
# fits into smaller ones, of which the C library keeps those that are free: to ask the operating system for them, each
# time anew, would take a third of a ResNet's time.
LARGE_BLOCK = 15 * 1024 * 1024
_KEPT = 16 * 1024 * 1024
_ARENAS = 4

# malloc.h
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8


def return_large_blocks() -> None:
    """From now on, return large blocks to the operating system as soon as they are free. Other libraries than glibc do.

    glibc raises the size from which it does so, by itself and up to 32 MB (mallopt(3)), and then keeps what every
    thread has freed: after some large images in 32 threads, 2 GB that nobody uses. So the size is fixed,
    and what it keeps of the rest is limited: that much in each of its arenas, which threads share.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, LARGE_BLOCK)
        mallopt(_M_TRIM_THRESHOLD, _KEPT)
        mallopt(_M_ARENA_MAX, _ARENAS)


def return_free_memory() -> None:
    """Return to the operating system, once, what nobody uses any more, such as what loading a model has left behind.

    That includes the weights that became part of a graph: importing torchvision keeps the variables of all functions
    under way (torch.fx.wrap makes a cycle of their frames), until somebody searches for garbage.
    """
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
