"""The creation of one resource: every input of the program must reach the emulator."""

import secrets
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from harness.clients import Clients
from harness.failure import Failure
from harness.translate import UnknownInput, to_api

Outputs = dict[str, Any]


class DeploymentError(Failure):
    """The program cannot be deployed; the message says which resource, and why."""


class Creation:
    """One resource of the program on its way into the emulator.

    Inputs are consumed by :meth:`take` and :meth:`call`. What nothing consumed is an error, because the stack
    on AWS would have it and the stack here would not.
    """

    def __init__(self, type_: str, name: str, inputs: Mapping[str, Any], clients: Clients) -> None:
        self.label = f"{type_} {name!r}"
        self.clients = clients
        self._name = name
        self.inputs = {key: value for key, value in inputs.items() if value is not None}
        self._inputs = dict(self.inputs)

    def take(self, key: str, default: Any = None) -> Any:
        """Consume one input."""
        return self._inputs.pop(key, default)

    def put(self, key: str, value: Any) -> None:
        """Put an input back in another form, for :meth:`call` to consume; nothing if it is empty."""
        if value:
            self._inputs[key] = value

    def take_name(self, key: str = "name") -> str:
        """Consume the physical name; where the program gives none, make one as Pulumi does."""
        name: str = self.take(key, f"{self._name}-{secrets.token_hex(4)[:7]}")
        return name

    def call(
        self,
        service: str,
        operation: str,
        rename: Mapping[str, str] | None = None,
        within: str | None = None,
        **parameters: Any,
    ) -> dict[str, Any]:
        """Consume all inputs that are left with one API call.

        :param operation: as the API spells it, for example ``CreateApi``.
        :param rename: inputs whose parameter has another name.
        :param within: the parameter whose members the inputs are, where they are not at the top.
        :param parameters: further parameters, as the API spells them.
        :return: the response, as the API spells it.
        """
        client = self.clients[service]
        method = {api: method for method, api in client.meta.method_to_api_mapping.items()}[operation]
        shape = client.meta.service_model.operation_model(operation).input_shape
        inputs = {(rename or {}).get(key, key): value for key, value in self._inputs.items()}
        self._inputs = {}
        try:
            translated = to_api(inputs, shape.members[within] if within else shape)
            request = {within: translated | parameters.pop(within, {})} if within else translated
            response: dict[str, Any] = getattr(client, method)(**request, **parameters)
        except UnknownInput as unknown:
            raise DeploymentError(
                f"{self.label}: the local stack has nowhere to put the input {str(unknown)!r}: "
                f"{service}.{operation} has no such parameter. Add it to harness/resources.py."
            ) from None
        except (ClientError, BotoCoreError) as error:
            raise DeploymentError(f"{self.label}: {service}.{operation} failed: {error}") from error
        return response

    def finish(self) -> None:
        """Check that nothing of what the program asked for was left out.

        :raises DeploymentError: naming the inputs that nothing consumed.
        """
        if self._inputs:
            raise DeploymentError(
                f"{self.label}: the local stack ignores the inputs {', '.join(sorted(self._inputs))}. "
                "Add them to harness/resources.py."
            )


Create = Callable[[Creation], tuple[str, Outputs]]
"""Makes one resource; returns its id and its outputs beyond the inputs, as the AWS provider would."""
