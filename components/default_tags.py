"""The same tags on everything that AWS can tag."""

import inspect
from collections.abc import Mapping
from typing import cast

import pulumi


def tag_everything(tags: Mapping[str, str]) -> None:
    """Give these tags to every resource that the program makes from now on; a resource's own tags win.

    Done here and not by the provider's ``defaultTags``, so that the tags are part of what a preview shows and of
    what policies see.
    """

    def add_tags(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        if not _can_have_tags(args.resource):
            return None
        own = cast(Mapping[str, str], args.props.get("tags") or {})
        return pulumi.ResourceTransformationResult({**args.props, "tags": {**tags, **own}}, args.opts)

    pulumi.runtime.register_stack_transformation(add_tags)


def _can_have_tags(resource: pulumi.Resource) -> bool:
    initialiser = getattr(resource, "_internal_init", None)
    return initialiser is not None and "tags" in inspect.signature(initialiser).parameters
