"""Service-linked roles.  Source: reference/ram-behaviour.md 5.9.

Such a role belongs to a service of the vendor's; none of these runs here, so nobody takes on the role and it grants
nothing: it is there for programs that make and look for it.  That is also why a deletion ends at once: nothing can
still use the role.  `service_linked_roles.json` is the table of services, from the vendor's public pages.
"""

from __future__ import annotations

import uuid
from importlib import resources
from typing import Annotated

import msgspec

from keystead import arn, ids
from keystead.clock import iso
from keystead.faults import FaultKind
from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.products.action import Context
from keystead.products.faults import ROLE_NOT_FOUND
from keystead.products.ram import roles as ordinary
from keystead.products.ram.product import RAM, Description
from keystead.products.ram.roles import ROLE_EXISTS, ROLES, TOO_MANY_ROLES, RoleNameInput
from keystead.store import roles, service_linked_roles
from keystead.wire.answers import Output
from keystead.wire.parameters import Input, Text

SERVICE_UNKNOWN = FaultKind(
    "InvalidParameter.ServiceName",
    400,
    "No service-linked role is known for the service {name}; known are {known}.",
    "Send one of the known services. A role that other services may take on is made with CreateRole.",
)
ONE_ROLE_ONLY = FaultKind(
    "InvalidParameter.CustomSuffix",
    400,
    "The service {name} has one service-linked role for the whole account, without a suffix.",
    "Leave CustomSuffix out.",
)
NAME_TOO_LONG = FaultKind(
    "InvalidParameter.CustomSuffix.Length",
    400,
    "The role's name with its suffix has {length} characters; 64 are allowed.",
    "Send a shorter CustomSuffix.",
)
NOT_SERVICE_LINKED = FaultKind(
    "NotSupport.NotServiceLinkedRole",
    400,
    "The role {name} is not linked to a service.",
    "Delete it with DeleteRole.",
)


class Template(msgspec.Struct, frozen=True):
    """What a service's role is like.  several: whether it may have more than one, told apart by a suffix."""

    service: str
    role: str
    policy: str
    several: bool
    descriptions: dict[str, str]


def _templates() -> dict[str, Template]:
    text = (resources.files(__package__) / "service_linked_roles.json").read_bytes()
    return {each.service: each for each in msgspec.json.decode(text, type=list[Template])}


TEMPLATES = _templates()

ServiceName = Annotated[str, Text(1, 128, r"[A-Za-z0-9.-]+", doc="a service, such as `fnf.aliyuncs.com`")]


class RoleDescription(Output, frozen=True):
    description: str
    language: str


class RoleDescriptionList(Output, frozen=True):
    role_description: list[RoleDescription]


class ServiceLinkedRoleTemplate(Output, frozen=True):
    """What a service's role is like."""

    service_name: str
    role_name_prefix: str
    system_policy_name: str
    multiple_roles_allowed: bool
    role_descriptions: RoleDescriptionList


class TemplateAnswer(Output, frozen=True):
    service_linked_role_template: ServiceLinkedRoleTemplate


class ServiceLinkedRole(Output, frozen=True):
    """A role as CreateServiceLinkedRole answers it."""

    role_id: str
    role_name: str
    arn: str
    description: str
    assume_role_policy_document: str
    is_service_linked_role: bool
    create_date: str


class ServiceLinkedRoleAnswer(Output, frozen=True):
    role: ServiceLinkedRole


class DeletionTask(Output, frozen=True):
    deletion_task_id: str


class ServiceNameInput(Input, frozen=True):
    service_name: ServiceName


class CreateServiceLinkedRoleInput(ServiceNameInput, frozen=True):
    custom_suffix: (
        Annotated[str, Text(1, 64, r"[A-Za-z0-9.-]+", doc="tells several roles of a service apart")] | None
    ) = None
    description: Description | None = None


def _template(name: str) -> Template:
    found = TEMPLATES.get(name.lower())
    if found is None:
        raise SERVICE_UNKNOWN(name=name, known=", ".join(TEMPLATES))
    return found


def _service_fact(wanted: ServiceNameInput) -> Context:
    return {"ram:ServiceName": wanted.service_name}


def service_of(tx: Tx, wanted: RoleNameInput) -> str | None:
    """The service of the role that is acted on, for policies that ask for `ram:ServiceName`."""
    row = roles.get(tx, wanted.role_name)
    return service_linked_roles.service_of(tx, row.id) if row is not None else None


def _trust(service: str) -> str:
    statement = {"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"Service": [service]}}
    return msgspec.json.encode({"Statement": [statement], "Version": "1"}).decode()


@RAM.action(
    "CreateServiceLinkedRole",
    resource=ROLES,
    writes=True,
    context=_service_fact,
    faults=(ROLE_EXISTS, TOO_MANY_ROLES, SERVICE_UNKNOWN, ONE_ROLE_ONLY, NAME_TOO_LONG),
)
def create_service_linked_role(
    tx: Tx, _caller: Caller, wanted: CreateServiceLinkedRoleInput
) -> ServiceLinkedRoleAnswer:
    """Create the role that belongs to a service of the vendor's."""
    template = _template(wanted.service_name)
    if wanted.custom_suffix and not template.several:
        raise ONE_ROLE_ONLY(name=template.service)
    name = f"{template.role}_{wanted.custom_suffix}" if wanted.custom_suffix else template.role
    if len(name) > 64:
        raise NAME_TOO_LONG(length=len(name))
    if roles.get(tx, name) is not None:
        raise ROLE_EXISTS(name=name)
    if roles.count(tx, tx.quotas.roles) >= tx.quotas.roles:
        raise TOO_MANY_ROLES(limit=tx.quotas.roles)
    role_id = ids.role_id()
    values: dict[str, object] = {
        "description": wanted.description or template.descriptions["en"],
        "trust_policy": _trust(template.service),
        "max_session_duration": 3600,
        "allow_console_login": False,
    }
    roles.insert(tx, role_id, name, values)
    service_linked_roles.link(tx, role_id, template.service)
    row = ordinary.find(tx, name)
    return ServiceLinkedRoleAnswer(
        role=ServiceLinkedRole(
            role_id=row.id,
            role_name=row.name,
            arn=arn.ram(row.account_id, f"role/{row.name}"),
            description=row.description,
            assume_role_policy_document=row.trust_policy,
            is_service_linked_role=True,
            create_date=iso(row.created_at),
        )
    )


@RAM.action(
    "DeleteServiceLinkedRole",
    resource=ordinary.ROLE,
    writes=True,
    target_fact=("ram:ServiceName", service_of),
    faults=(ROLE_NOT_FOUND, NOT_SERVICE_LINKED),
)
def delete_service_linked_role(tx: Tx, _caller: Caller, wanted: RoleNameInput) -> DeletionTask:
    """Delete a service-linked role; the task has succeeded when it is answered."""
    row = ordinary.find(tx, wanted.role_name)
    service = service_linked_roles.service_of(tx, row.id)
    if service is None:
        raise NOT_SERVICE_LINKED(name=row.name)
    task = f"task/{service}/{row.name}/{uuid.uuid4()}"
    service_linked_roles.unlink(tx, row.id)
    roles.delete(tx, row.id)
    service_linked_roles.add_deletion(tx, task, row.name)
    return DeletionTask(deletion_task_id=task)


@RAM.action("GetServiceLinkedRoleTemplate", faults=(SERVICE_UNKNOWN,))
def get_service_linked_role_template(_tx: Tx, _caller: Caller, wanted: ServiceNameInput) -> TemplateAnswer:
    """Show what a service's role is like."""
    template = _template(wanted.service_name)
    return TemplateAnswer(
        service_linked_role_template=ServiceLinkedRoleTemplate(
            service_name=template.service,
            role_name_prefix=template.role,
            system_policy_name=template.policy,
            multiple_roles_allowed=template.several,
            role_descriptions=RoleDescriptionList(
                role_description=[
                    RoleDescription(description=text, language=language)
                    for language, text in template.descriptions.items()
                ]
            ),
        )
    )
