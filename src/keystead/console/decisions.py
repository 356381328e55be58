"""What the words of a decision are called on the pages."""

from __future__ import annotations

from keystead.console.texts import mark

LAYERS = {
    "ControlPolicy": mark("Control policies"),
    "SessionPolicy": mark("Session policy"),
    "AccountLevelIdentityBasedPolicy": mark("Policies of the identity and its groups"),
    "ResourceGroupLevelIdentityBasedPolicy": mark("Policies within a resource group"),
    "AssumeRolePolicy": mark("Trust policy of the role"),
}
DECISIONS = {
    "Allow": mark("Allowed"),
    "ExplicitDeny": mark("A statement forbids it"),
    "ImplicitDeny": mark("No statement allows it"),
}
MISSED = {
    "Action": mark("the action"),
    "Resource": mark("the resource"),
    "Principal": mark("the principal"),
    "Condition": mark("a condition"),
}
ATTACHED = {"RamUser": mark("user"), "RamGroup": mark("group"), "RamRole": mark("role")}
WORDS: dict[str, dict[str, str]] = {
    "layers": LAYERS,
    "decisions": DECISIONS,
    "missed": MISSED,
    "attached": ATTACHED,
}
"""What the words of the API are called on the pages."""
