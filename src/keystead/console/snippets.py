"""Ready settings for a new credential and this server, for the one-time dialog.  Source: console.md 2.7."""

from __future__ import annotations

import json

from keystead.console.help.here import here
from keystead.console.texts import mark
from keystead.console.visit import Visit


def pair_snippets(visit: Visit, access_key_id: str, secret: str) -> list[tuple[str, str]]:
    """Ready settings of a pair for this server, by the tab that they stand in."""
    place = here(
        visit.house.fittings.public_url,
        "https" if visit.request.secure else "http",
        visit.request.headers.get("host", ""),
    )
    profile = {
        "current": "default",
        "profiles": [
            {
                "name": "default",
                "mode": "AK",
                "access_key_id": access_key_id,
                "access_key_secret": secret,
                "region_id": "cn-hangzhou",
                "output_format": "json",
                "endpoint": place.netloc,
                "keystead_endpoint": place.endpoint,
            }
        ],
    }
    environment = (
        f"export ALIBABA_CLOUD_ACCESS_KEY_ID='{access_key_id}'\n"
        f"export ALIBABA_CLOUD_ACCESS_KEY_SECRET='{secret}'\n"
        "export ALIBABA_CLOUD_ECS_METADATA_DISABLED=true\n"
        f"export KEYSTEAD_ENDPOINT='{place.endpoint}'"
    )
    cli = (
        "# ~/.keystead/config.json, mode 0600; aliyun reads it too (--config-path)\n"
        + json.dumps(profile, indent=2)
        + "\n\n# then\nkeystead sts get-caller-identity"
    )
    sdk = (
        "# pip install alibabacloud-sts20150401; the pair comes from the environment\nimport os\n\n"
        "from alibabacloud_sts20150401.client import Client\nfrom alibabacloud_tea_openapi.models import Config\n\n"
        "client = Client(\n    Config(\n"
        '        access_key_id=os.environ["ALIBABA_CLOUD_ACCESS_KEY_ID"],\n'
        '        access_key_secret=os.environ["ALIBABA_CLOUD_ACCESS_KEY_SECRET"],\n'
        f'        endpoint="{place.netloc}",\n        protocol="{place.protocol}",\n    )\n)\n'
        "print(client.get_caller_identity().body.arn)"
    )
    terraform = (
        '# export ALICLOUD_ACCESS_KEY="$ALIBABA_CLOUD_ACCESS_KEY_ID"\n'
        '# export ALICLOUD_SECRET_KEY="$ALIBABA_CLOUD_ACCESS_KEY_SECRET"\n'
        'provider "alicloud" {\n'
        '  region                 = "cn-hangzhou"\n'
        f'  protocol               = "{place.protocol.upper()}"\n'
        "  skip_region_validation = true\n  endpoints {\n"
        + "".join(f'    {product} = "{place.netloc}"\n' for product in ("ram", "ims", "sts"))
        + "  }\n}"
    )
    return [
        (mark("Environment"), environment),
        (mark("CLI"), cli),
        (mark("SDK"), sdk),
        (mark("Terraform"), terraform),
    ]
