"""A model in a private bucket, under a name made of its content."""

import pulumi

from components.model_artifact import ModelArtifact

model = ModelArtifact("model", {"path": "build/model.tar.gz"})
pulumi.export("model", model.url)
