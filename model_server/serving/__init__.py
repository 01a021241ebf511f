"""What the container and the stand-in for SageMaker share: logs, and ids of requests."""
