"""Servers that people would pick instead, each as its own documentation shows, with the same eager model."""
