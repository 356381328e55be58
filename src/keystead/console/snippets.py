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


def api_key_snippets(visit: Visit, value: str, model: str) -> list[tuple[str, str]]:
    """Ready calls with an API key, by the tab that they stand in.  model: one that the workspace may call."""
    base = visit.base_url
    question = json.dumps({"model": model, "messages": [{"role": "user", "content": "Hello"}]})
    curl = (
        f"export DASHSCOPE_API_KEY='{value}'\n\n"
        f"curl '{base}/compatible-mode/v1/chat/completions' \\\n"
        '  -H "Authorization: Bearer $DASHSCOPE_API_KEY" \\\n'
        "  -H 'Content-Type: application/json' \\\n"
        f"  -d '{question}'"
    )
    openai = (
        "# pip install openai; the key comes from the environment\nimport os\n\nfrom openai import OpenAI\n\n"
        "client = OpenAI(\n"
        '    api_key=os.environ["DASHSCOPE_API_KEY"],\n'
        f'    base_url="{base}/compatible-mode/v1",\n)\n'
        "answer = client.chat.completions.create(\n"
        f'    model="{model}", messages=[{{"role": "user", "content": "Hello"}}]\n)\n'
        "print(answer.choices[0].message.content)"
    )
    dashscope = (
        "# pip install dashscope; it reads DASHSCOPE_API_KEY by itself\nimport dashscope\n\n"
        f'dashscope.base_http_api_url = "{base}/api/v1"\n'
        "answer = dashscope.Generation.call(\n"
        f'    model="{model}", messages=[{{"role": "user", "content": "Hello"}}], result_format="message"\n)\n'
        "print(answer.output.choices[0].message.content)"
    )
    return [(mark("curl"), curl), (mark("OpenAI"), openai), (mark("DashScope"), dashscope)]
