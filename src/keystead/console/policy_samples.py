"""Documents to begin with: what "Import" offers in the policy editor.  Source: reference/console.md 3.11."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from keystead.console.texts import mark


@dataclass(frozen=True, slots=True)
class Sample:
    """A document with a name.  `{account}` and `{workspace}` stand for the reader's own."""

    key: str
    label: str
    statements: tuple[dict[str, Any], ...]


SAMPLES = (
    Sample(
        "models",
        mark("Call the models and applications of the account"),
        (
            {
                "Effect": "Allow",
                "Action": ["modelstudio:InvokeModel", "modelstudio:InvokeApplication"],
                "Resource": ["acs:modelstudio:*:{account}:model/*", "acs:modelstudio:*:{account}:application/*"],
            },
        ),
    ),
    Sample(
        "workspace",
        mark("Read and manage the API keys of one workspace"),
        (
            {
                "Effect": "Allow",
                "Action": ["modelstudio:ListApiKeys", "modelstudio:CreateApiKey", "modelstudio:RotateApiKey"],
                "Resource": ["acs:modelstudio:*:{account}:workspace/{workspace}"],
            },
        ),
    ),
    Sample(
        "people",
        mark("Look at users, groups, roles and policies"),
        ({"Effect": "Allow", "Action": ["ram:Get*", "ram:List*"], "Resource": ["*"]},),
    ),
    Sample(
        "own-keys",
        mark("Manage the own AccessKey pairs of one user"),
        (
            {
                "Effect": "Allow",
                "Action": [
                    "ram:CreateAccessKey",
                    "ram:DeleteAccessKey",
                    "ram:ListAccessKeys",
                    "ram:UpdateAccessKey",
                ],
                "Resource": ["acs:ram:*:{account}:user/NAME"],
            },
        ),
    ),
    Sample(
        "network",
        mark("Forbid everything from outside a network"),
        (
            {
                "Effect": "Deny",
                "Action": ["*"],
                "Resource": ["*"],
                "Condition": {"NotIpAddress": {"acs:SourceIp": ["10.0.0.0/8"]}},
            },
        ),
    ),
    Sample(
        "mfa",
        mark("Forbid changes to people without MFA"),
        (
            {
                "Effect": "Deny",
                "Action": ["ram:Create*", "ram:Delete*", "ram:Update*", "ram:Attach*", "ram:Detach*"],
                "Resource": ["*"],
                "Condition": {"Bool": {"acs:MFAPresent": ["false"]}},
            },
        ),
    ),
)


def document_of(statements: object) -> str:
    """A document of these statements."""
    return json.dumps({"Version": "1", "Statement": statements}, indent=2, ensure_ascii=False)


def merged(text: str, statements: list[Any]) -> str:
    """A document with statements added; what is no document yet is replaced.  Raises ValueError for broken JSON."""
    if not text.strip():
        return document_of(statements)
    try:
        found = json.loads(text)
        if not isinstance(found, dict):
            raise ValueError  # noqa: TRY301, TRY004 - both ways of being no document end alike
    except (ValueError, RecursionError):
        raise ValueError("no JSON object") from None
    there = found.get("Statement", [])
    found["Statement"] = [*(there if isinstance(there, list) else [there]), *statements]
    return json.dumps({"Version": "1", **found}, indent=2, ensure_ascii=False)


def filled(sample: Sample, account: str, workspace: str) -> list[Any]:
    """The statements of a sample with the reader's account and workspace in them."""
    text = json.dumps(sample.statements).replace("{account}", account).replace("{workspace}", workspace or "WORKSPACE")
    found: list[Any] = json.loads(text)
    return found
