"""A stand-in for Amazon SageMaker hosting: its API, its runtime, and its endpoints as local processes."""
