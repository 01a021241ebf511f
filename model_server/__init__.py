"""Everything about serving a model: the artifact's code, packaging, the container and the SageMaker stand-in."""
