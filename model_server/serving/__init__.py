"""What the container and the stand-in for SageMaker share: logs, ids, bodies of requests, the life of a worker."""
