"""A SageMaker inference container: serves one model directory over `/ping` and `/invocations`."""
