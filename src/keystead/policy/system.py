"""The system policies, read-only for everybody.

Where the vendor's text is not published, the document is built from its name and description.  Dates that are not
published stand at the day RAM opened.

Source: reference/ram-policy-language.md section 10; model-studio.md b.11.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

_OPENED: Final = "2015-04-28T06:58:23Z"


@dataclass(frozen=True, slots=True)
class SystemPolicy:
    """A system policy.  version: the current one.  document: its text.  Dates: ISO 8601, UTC."""

    name: str
    description: str
    version: str
    document: str
    create_date: str
    update_date: str


def _allow(*actions: str, **more: Any) -> dict[str, Any]:
    return {"Action": list(actions), "Resource": "*", "Effect": "Allow", **more}


def _reads(*services: str) -> list[str]:
    return [f"{service}:{verb}*" for service in services for verb in ("Get", "Describe", "List", "Query")]


def _policy(
    name: str,
    description: str,
    *statements: dict[str, Any],
    version: str = "v1",
    created: str = _OPENED,
    updated: str = "",
) -> SystemPolicy:
    text = json.dumps({"Version": "1", "Statement": statements}, indent=2)
    return SystemPolicy(name, description, version, text, created, updated or created)


_PEOPLE: Final = ("ram:ListUserBasicInfos", "ram:ListRoles")
_READ_VERBS: Final = ("Get", "List", "Describe", "Query", "BatchGet", "Read", "Check", "Search", "Lookup")
_BILLING: Final = ("bss:*", "bssapi:*", "efc:*")

_GENERAL: Final = (
    _policy(
        "AdministratorAccess",
        "Provides full access to Alibaba Cloud services and resources.",
        _allow("*"),
    ),
    _policy(
        "ReadOnlyAccess",
        "Provides read-only access to Alibaba Cloud services and resources.",
        _allow(*(f"*:{verb}*" for verb in _READ_VERBS)),
    ),
    _policy(
        "PowerUserAccess",
        "Provides full access to services and resources except identities, organisation and billing.",
        {
            "NotAction": [
                "ram:*",
                "ims:*",
                "resourcemanager:*",
                "resourcesharing:*",
                "cloudsso:*",
                *_BILLING,
            ],
            "Resource": "*",
            "Effect": "Allow",
        },
        _allow(
            *_PEOPLE,
            "ram:CreateServiceLinkedRole",
            "ram:DeleteServiceLinkedRole",
            "ram:CheckServiceLinkedRoleExistence",
        ),
        version="v2",
    ),
    _policy(
        "AliyunRAMFullAccess",
        "Provides full access to Resource Access Management.",
        _allow("ram:*", "ims:*"),
    ),
    _policy(
        "AliyunRAMReadOnlyAccess",
        "Provides read-only access to Resource Access Management.",
        _allow("ram:Get*", "ram:List*", "ram:GenerateCredentialReport"),
        _allow("accessanalyzer:Get*", "accessanalyzer:List*"),
        version="v3",
        updated="2025-12-03T00:00:00Z",
    ),
    _policy(
        "AliyunSTSAssumeRoleAccess",
        "Provides access to the AssumeRole operation of Security Token Service.",
        _allow("sts:AssumeRole"),
        created="2015-08-03T00:00:00Z",
        updated="2017-04-27T00:00:00Z",
    ),
    _policy(
        "AliyunRAMAccessAnalyzerFullAccess",
        "Provides full access to Access Analyzer.",
        _allow("accessanalyzer:*"),
        _allow("resourcemanager:GetAccount", "resourcemanager:GetResourceDirectory"),
    ),
    _policy(
        "AliyunRAMAccessAnalyzerReadOnlyAccess",
        "Provides read-only access to Access Analyzer.",
        _allow("accessanalyzer:Get*", "accessanalyzer:List*"),
    ),
)

_MODEL_STUDIO: Final = (
    _policy(
        "AliyunBailianFullAccess",
        "Provides full access to Model Studio; its holder is super administrator there.",
        _allow("bailiancontrol:*", "modelstudio:*", "bailiandata:*", "sfm:*", "bailianchatbot:*", *_PEOPLE),
        version="v7",
    ),
    _policy(
        "AliyunBailianReadOnlyAccess",
        "Provides read-only access to Model Studio.",
        _allow(*_reads("modelstudio", "bailiancontrol", "bailiandata", "sfm")),
        _allow("bss:Describe*", "bss:Query*", "bssapi:Describe*", "bssapi:Query*"),
        version="v5",
    ),
    _policy(
        "AliyunBailianDataFullAccess",
        "Provides full access to the data of Model Studio.",
        _allow("bailiandata:*", "sfm:*", *_PEOPLE),
    ),
    _policy(
        "AliyunBailianDataReadOnlyAccess",
        "Provides read-only access to the data of Model Studio.",
        _allow(*_reads("bailiandata", "sfm"), "sfm:CreateSession", "sfm:AbortGenerateAnswer"),
        version="v2",
    ),
    _policy(
        "AliyunBailianControlFullAccess",
        "Provides full access to the management of Model Studio.",
        _allow("bailiancontrol:*", *_PEOPLE),
    ),
    _policy(
        "AliyunBailianControlReadOnlyAccess",
        "Provides read-only access to the management of Model Studio.",
        _allow(*_reads("bailiancontrol")),
    ),
    _policy(
        "AliyunModelStudioReadOnlyAccess",
        "Provides read-only access to Model Studio by its newer API.",
        _allow(*_reads("bailiancontrol", "modelstudio")),
        created="2026-03-31T00:00:00Z",
    ),
    _policy(
        "AliyunModelStudioFullAccess",
        "Provides full access to Model Studio by its newer API.",
        _allow("modelstudio:*", "bailiancontrol:*"),
        created="2026-03-31T00:00:00Z",
    ),
    _policy("AliyunSFMFullAccess", "Provides full access to the oldest API of Model Studio.", _allow("sfm:*")),
    _policy(
        "AliyunSFMReadOnlyAccess",
        "Provides read-only access to the oldest API of Model Studio.",
        _allow(*_reads("sfm")),
    ),
)

SYSTEM_POLICIES: Final[Mapping[str, SystemPolicy]] = MappingProxyType(
    {policy.name: policy for policy in (*_GENERAL, *_MODEL_STUDIO)}
)
"""Every system policy by name."""
