"""Arguments that stand for one choice."""

import pulumi


def require_one(component: str, **choices: object) -> None:
    """Refuse a component, before anything of it is made, unless exactly one of the choices is there.

    :raises pulumi.RunError: naming the component and the choices.
    """
    if sum(value is not None for value in choices.values()) != 1:
        raise pulumi.RunError(f"{component}: give either {' or '.join(choices)}.")
