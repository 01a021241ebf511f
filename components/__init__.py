"""Pulumi components: one per file, each usable alone in another program."""
