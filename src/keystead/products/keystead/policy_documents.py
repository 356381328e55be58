"""Policies while they are written: what is remarkable about a document, and saving one with a reason.

Source: reference/console.md 3.11.
"""

from __future__ import annotations

from typing import Annotated, Any

import sqlalchemy as sa

from keystead.clock import iso
from keystead.faults import FaultKind
from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.policy import DocumentKind, Finding, PolicyError, findings, shortened
from keystead.products import permissions
from keystead.products.documents import MALFORMED
from keystead.products.faults import POLICY_NOT_FOUND
from keystead.products.keystead.product import KEYSTEAD
from keystead.products.keystead.search.shapes import SearchInput, SearchOutput
from keystead.products.people import policies as rules
from keystead.products.people.policies import DOCUMENT_TOO_LONG, POLICY, ROTATE, TOO_MANY_VERSIONS
from keystead.store import policies
from keystead.wire.answers import Output
from keystead.wire.parameters import Choice, Input, Nothing, Text

CHANGED_MEANWHILE = FaultKind(
    "Conflict.Policy.Changed",
    409,
    "The policy {name} was changed meanwhile: {found} is its newest version and {default} its default, "
    "not {expected} as this edit began with.",
    "Look at what changed, and send the edit again with the newest version as BaseVersion.",
)

_KINDS = {"Identity": DocumentKind.IDENTITY, "Trust": DocumentKind.TRUST, "Session": DocumentKind.SESSION}

KnownVersion = Annotated[str, Text(2, 10, r"v[1-9][0-9]{0,8}", doc="'v' and a number")]
PolicyName = Annotated[str, Text(1, 128, r"[A-Za-z0-9-]+", doc="letters, digits and '-'")]


class CheckPolicyDocumentInput(Input, frozen=True):
    policy_document: Annotated[str, Text(doc="a policy in the policy language")]
    kind: Annotated[str, Choice(tuple(_KINDS), doc="where it is used")] = "Identity"


class ShownFinding(Output, frozen=True):
    """A finding.  level: Error, Warning or Hint.  path: the element, empty for the document."""

    level: str
    code: str
    line: int
    column: int
    path: str
    subject: str
    message: str
    next_step: str


class FindingList(Output, frozen=True):
    finding: list[ShownFinding]


class CheckPolicyDocumentOutput(Output, frozen=True):
    """Whether the document would be accepted, its length against the limit, and what is remarkable about it."""

    valid: bool
    length: int
    limit: int
    findings: FindingList


class OptimizePolicyDocumentOutput(Output, frozen=True):
    """The document in fewer words, or as it was given; length: its bytes."""

    policy_document: str
    is_shorter: bool
    length: int


class ShownPermission(Output, frozen=True):
    """A permission.  level: List, Read, Write or Permissions.  resources: what it is asked on, as patterns."""

    name: str
    service: str
    level: str
    description: str
    resources: list[str]


class PermissionList(Output, frozen=True):
    permission: list[ShownPermission]


class ListPermissionsOutput(Output, frozen=True):
    permissions: PermissionList


class SavePolicyVersionInput(Input, frozen=True):
    """base_version, base_default: the newest and the default version when the edit began."""

    policy_name: PolicyName
    policy_document: Annotated[str, Text(doc="a policy in the policy language")]
    set_as_default: bool = False
    rotate_strategy: Annotated[str, Choice(("None", ROTATE), doc="what to do at the limit")] = "None"
    reason: Annotated[str, Text(0, 256, doc="why, kept with the version")] = ""
    base_version: KnownVersion | None = None
    base_default: KnownVersion | None = None


class SavedVersion(Output, frozen=True):
    """A version.  created_by: an ARN, empty where the server itself made it."""

    version_id: str
    is_default_version: bool
    create_date: str
    created_by: str
    reason: str
    policy_document: str


class SavePolicyVersionOutput(Output, frozen=True):
    policy_version: SavedVersion


class SearchPolicyVersionsInput(SearchInput, frozen=True, kw_only=True):
    policy_name: PolicyName


class SavedVersionList(Output, frozen=True):
    policy_version: list[SavedVersion]


class SearchPolicyVersionsOutput(SearchOutput, frozen=True, kw_only=True):
    policy_versions: SavedVersionList


@KEYSTEAD.action("CheckPolicyDocument", permission=None)
def check_policy_document(tx: Tx, _caller: Caller, wanted: CheckPolicyDocumentInput) -> CheckPolicyDocumentOutput:
    """Say whether a policy document would be accepted, and what in it has no effect or gives more than it seems to.

    Nothing is kept, and nothing of the account is told.
    """
    kind = _KINDS[wanted.kind]
    length = len(wanted.policy_document.encode())
    limit = _limit(tx, kind)
    if length > limit:
        fault = DOCUMENT_TOO_LONG(length=length, unit="bytes", limit=limit)
        found = [ShownFinding("Error", fault.code, 1, 1, "", "", fault.message, fault.next_step)]
    else:
        remarks = findings(wanted.policy_document, kind, permissions.services(), extensions=tx.policy_extensions)
        found = [_finding(each) for each in remarks]
    return CheckPolicyDocumentOutput(
        valid=all(each.level != "Error" for each in found),
        length=length,
        limit=limit,
        findings=FindingList(finding=found),
    )


def _limit(tx: Tx, kind: DocumentKind) -> int:
    return tx.quotas.trust_policy_size if kind is DocumentKind.TRUST else tx.quotas.policy_size


@KEYSTEAD.action("OptimizePolicyDocument", permission=None, faults=(MALFORMED, DOCUMENT_TOO_LONG))
def optimize_policy_document(tx: Tx, _caller: Caller, wanted: CheckPolicyDocumentInput) -> OptimizePolicyDocumentOutput:
    """Say a policy document in fewer words that decide every request alike; nothing is kept.

    What another pattern or statement covers goes, and statements that differ in one list become one.
    """
    kind = _KINDS[wanted.kind]
    length, limit = len(wanted.policy_document.encode()), _limit(tx, kind)
    if length > limit:
        raise DOCUMENT_TOO_LONG(length=length, unit="bytes", limit=limit)
    try:
        found = shortened(wanted.policy_document, kind, extensions=tx.policy_extensions)
    except PolicyError as error:
        raise MALFORMED(reason=error) from None
    return OptimizePolicyDocumentOutput(
        policy_document=found, is_shorter=found != wanted.policy_document, length=len(found.encode())
    )


def _finding(each: Finding) -> ShownFinding:
    return ShownFinding(
        level=each.level.value,
        code=each.code,
        line=each.line,
        column=each.column,
        path=each.path,
        subject=each.subject,
        message=each.message,
        next_step=each.next_step,
    )


@KEYSTEAD.action("ListPermissions", permission=None)
def list_permissions(_tx: Tx, _caller: Caller, _wanted: Nothing) -> ListPermissionsOutput:
    """List every permission that a policy can name here, with what it is asked on."""
    return ListPermissionsOutput(
        permissions=PermissionList(
            permission=[
                ShownPermission(
                    name=each.name,
                    service=each.service,
                    level=each.level,
                    description=each.summary,
                    resources=list(each.resources),
                )
                for each in permissions.known()
            ]
        )
    )


@KEYSTEAD.action(
    "SavePolicyVersion",
    permission="ram:CreatePolicyVersion",
    resource=POLICY,
    writes=True,
    faults=(POLICY_NOT_FOUND, TOO_MANY_VERSIONS, MALFORMED, DOCUMENT_TOO_LONG, CHANGED_MEANWHILE),
)
def save_policy_version(tx: Tx, _caller: Caller, wanted: SavePolicyVersionInput) -> SavePolicyVersionOutput:
    """Add a version to a custom policy with the reason for it, unless somebody changed the policy since BaseVersion."""
    rules.check_document(tx, wanted.policy_document, unit="bytes")
    policy = rules.find_custom(tx, wanted.policy_name)
    newest, default = f"v{policy.last_version}", f"v{policy.default_version}"
    known = (wanted.base_version or newest, wanted.base_default or default)
    if known != (newest, default):
        raise CHANGED_MEANWHILE(name=policy.name, found=newest, default=default, expected=" and ".join(known))
    rules.make_room(tx, policy, rotate=wanted.rotate_strategy == ROTATE)
    number = policies.add_version(
        tx, policy, wanted.policy_document, default=wanted.set_as_default, reason=wanted.reason.strip()
    )
    row = policies.version(tx, policy.id, number)
    assert row is not None  # noqa: S101 - it was added above
    return SavePolicyVersionOutput(
        policy_version=_shown(row, number if wanted.set_as_default else policy.default_version)
    )


@KEYSTEAD.action(
    "SearchPolicyVersions", permission="ram:ListPolicyVersions", resource=POLICY, faults=(POLICY_NOT_FOUND,)
)
def search_policy_versions(tx: Tx, _caller: Caller, wanted: SearchPolicyVersionsInput) -> SearchPolicyVersionsOutput:
    """List the versions of a custom policy, newest first, with who made them and why."""
    policy = rules.find_custom(tx, wanted.policy_name)
    found = [
        row
        for row in reversed(policies.versions(tx, policy.id))
        if wanted.query.lower() in f"v{row.number} {row.reason}".lower()
    ]
    skip = (wanted.page - 1) * wanted.page_size
    return SearchPolicyVersionsOutput(
        total_count=len(found),
        page=wanted.page,
        page_size=wanted.page_size,
        policy_versions=SavedVersionList(
            policy_version=[_shown(row, policy.default_version) for row in found[skip : skip + wanted.page_size]]
        ),
    )


def _shown(row: sa.Row[Any], default: int) -> SavedVersion:
    return SavedVersion(
        version_id=f"v{row.number}",
        is_default_version=row.number == default,
        create_date=iso(row.created_at),
        created_by=row.created_by,
        reason=row.reason,
        policy_document=row.document,
    )
