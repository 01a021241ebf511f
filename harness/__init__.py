"""The local emulation harness: starts the emulators, deploys the unchanged program, and shows what runs.

It knows the rest of the project; nothing else knows it.
"""
