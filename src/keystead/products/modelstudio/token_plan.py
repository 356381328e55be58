"""The team subscription (`/tokenplan/*`), which this server does not have: every action refuses, and says why.

It sells seats of the vendor's own service; whom an organisation lets in and how much he may use is ruled here by RAM
users, workspaces and usage limits.  Source: reference/model-studio.md b.7.
"""

from __future__ import annotations

from keystead.faults import FaultKind
from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.products.modelstudio.product import MODEL_STUDIO
from keystead.wire.answers import Done
from keystead.wire.parameters import Nothing

NOT_SOLD = FaultKind(
    "UnsupportedOperation.TokenPlan",
    400,
    "The token plan sells seats of the vendor's own service, and this server has none: {action} is not supported.",
    "{instead}",
)

_MEMBERS = "Create RAM users with CreateUser, and add them to workspaces with AddWorkspaceMember."
_SEATS = "Nobody needs a seat: limit who uses how much with SetUsageLimit."
_KEYS = "Create API keys with CreateApiKey, and give them new values with RotateApiKey."
_INVITATIONS = "Add people to a workspace with AddWorkspaceMember."

# (method, path behind /tokenplan/, what to do instead)
_ACTIONS = {
    "GetTokenPlanAccountDetail": ("GET", "account", _SEATS),
    "RotateTokenPlanKey": ("POST", "api-key-rotations", _KEYS),
    "CreateTokenPlanKey": ("POST", "api-keys", _KEYS),
    "GetTokenPlanOrgInviteConfig": ("GET", "invite/config/get", _INVITATIONS),
    "SetTokenPlanOrgInviteConfig": ("POST", "invite/config/set", _INVITATIONS),
    "CreateTokenPlanInviteLink": ("POST", "invite/link/create", _INVITATIONS),
    "GetTokenPlanInviteLink": ("GET", "invite/link/get", _INVITATIONS),
    "RevokeTokenPlanInviteLink": ("POST", "invite/link/revoke", _INVITATIONS),
    "GetOrganization": ("GET", "organization", _MEMBERS),
    "UpdateOrganization": ("POST", "organization", _MEMBERS),
    "AddOrganizationMember": ("POST", "organization/member-additions", _MEMBERS),
    "RemoveOrganizationMember": ("POST", "organization/member-removals", _MEMBERS),
    "GetOrganizationMemberSeatStats": ("GET", "organization/member-seat-stats", _SEATS),
    "ListOrganizationMembers": ("GET", "organization/members", _MEMBERS),
    "UpdateOrganizationMember": ("POST", "organization/members/update", _MEMBERS),
    "BatchAssignSeats": ("POST", "subscription/seat-assignments", _SEATS),
    "GetSubscriptionSeatDetails": ("GET", "subscription/seat-detail", _SEATS),
    "BatchRevokeSeats": ("POST", "subscription/seat-revocations", _SEATS),
    "ListSubscriptionSharedPackages": ("GET", "subscription/shared-packages", _SEATS),
    "GetSubscriptionStats": ("GET", "subscription/stats", _SEATS),
}


def _declare(name: str, method: str, path: str, instead: str) -> None:
    def refuse(_tx: Tx, _caller: Caller, _wanted: Nothing) -> Done:
        raise NOT_SOLD(action=name, instead=instead)

    refuse.__doc__ = "Refused: the vendor's own subscription. " + instead
    MODEL_STUDIO.action(name, permission=None, method=method, path=f"/tokenplan/{path}", faults=(NOT_SOLD,))(refuse)


for _name, (_method, _path, _instead) in _ACTIONS.items():
    _declare(_name, _method, _path, _instead)
