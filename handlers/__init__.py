"""Code that runs in AWS Lambda: one package per function."""
