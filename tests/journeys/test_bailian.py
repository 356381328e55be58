"""Applications, prompts, memory and knowledge by the vendor's own client, unmodified, and the application called."""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dashscope
import httpx
import pytest
from alibabacloud_bailian20231229 import models
from alibabacloud_bailian20231229.client import Client
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException
from alibabacloud_tea_openapi.utils_models import Config

from journeys.client import Key
from services import rpc
from services.server import Server, running
from services.upstream import Running, upstream

TEXT = "The office kettle stands in room 4711. Oolong is steeped at ninety degrees."


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of this file."""
    with running(tmp_path_factory.mktemp("bailian")) as started:
        yield started
        started.check_log()


@pytest.fixture(scope="module")
def model_server() -> Iterator[Running]:
    """A model server that repeats the question."""
    with upstream() as started:
        yield started


def bailian(server: Server, key: Key) -> Client:
    """The vendor's client for a pair."""
    return Client(
        Config(
            access_key_id=key.id, access_key_secret=key.secret, endpoint=f"{server.host}:{server.port}", protocol="http"
        )
    )


def ours(server: Server, *arguments: str) -> Any:
    """Our own command line, as the administrator."""
    done = server.cli(*arguments, "--output", "json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def refused(work: Any, *given: Any) -> AlibabaCloudException:
    """What the vendor's client raises."""
    with pytest.raises(AlibabaCloudException) as caught:
        work(*given)
    return caught.value


@pytest.fixture(scope="module")
def place(server: Server, model_server: Running) -> str:
    """The default workspace, with a model that repeats the question."""
    ours(
        server,
        *("keystead", "add-model", "--model-name", "echo", "--upstream", model_server.url),
        *("--upstream-model", "echo"),
    )
    return str(ours(server, "modelstudio", "list-workspaces")["workspaces"][0]["workspaceId"])


@pytest.fixture
def member(server: Server, place: str) -> tuple[str, Key]:
    """A RAM user with AliyunBailianDataFullAccess, in no workspace yet."""
    name = f"person-{secrets.token_hex(4)}"
    rpc.call(server.url, server.admin, "ram", "CreateUser", UserName=name)
    given = {"UserName": name, "PolicyName": "AliyunBailianDataFullAccess", "PolicyType": "System"}
    rpc.call(server.url, server.admin, "ram", "AttachPolicyToUser", **given)
    made: Any = rpc.call(server.url, server.admin, "ram", "CreateAccessKey", UserName=name)
    return name, Key(made["AccessKey"]["AccessKeyId"], made["AccessKey"]["AccessKeySecret"])


def test_agents_prompts_and_memory(server: Server, place: str, member: tuple[str, Key]) -> None:
    name, key = member
    client = bailian(server, key)
    error = refused(client.list_published_agent, place, models.ListPublishedAgentRequest())
    unknown = refused(client.list_published_agent, "llm-0123456789abcdef", models.ListPublishedAgentRequest())
    assert (error.status_code, unknown.status_code) == (401, 401)
    ours(server, "keystead", "add-workspace-member", "--workspace-id", place, "--user-name", name, "--level", "member")

    config = models.CreateAndPulishAgentRequestApplicationConfig(
        parameters=models.CreateAndPulishAgentRequestApplicationConfigParameters(dialog_round=3, temperature=0.5),
        long_term_memory=models.CreateAndPulishAgentRequestApplicationConfigLongTermMemory(enable=True),
    )
    made = client.create_and_pulish_agent(
        place,
        models.CreateAndPulishAgentRequest(
            name="helper", model_id="echo", instructions="Be ${tone}.", application_config=config
        ),
    ).body
    assert made.success is True
    shown = client.get_published_agent(place, made.data, models.GetPublishedAgentRequest()).body.data
    assert (shown.name, shown.application_config.parameters.dialog_round) == ("helper", 3)
    client.update_and_publish_agent_selective(
        place, made.data, models.UpdateAndPublishAgentSelectiveRequest(instructions="Be very ${tone}.")
    )
    listed = client.list_published_agent(place, models.ListPublishedAgentRequest(page_no=1, page_size=50)).body
    assert listed.success == "true"
    assert "Be very ${tone}." in {each.instructions for each in listed.data.list}

    template = client.create_prompt_template(
        place, models.CreatePromptTemplateRequest(name="letter", content="Dear ${name},")
    ).body
    read = client.get_prompt_template(place, template.prompt_template_id, models.GetPromptTemplateRequest()).body
    assert (read.content, read.variables, read.workspace_id) == ("Dear ${name},", ["name"], place)
    client.update_prompt_template(
        place, template.prompt_template_id, models.UpdatePromptTemplateRequest(content="${a}")
    )
    found = client.list_prompt_templates(place, models.ListPromptTemplatesRequest(type="Custom", max_results=50)).body
    assert template.prompt_template_id in {each.prompt_template_id for each in found.prompt_templates}
    client.delete_prompt_template(place, template.prompt_template_id, models.DeletePromptTemplateRequest())
    assert (
        refused(
            client.get_prompt_template, place, template.prompt_template_id, models.GetPromptTemplateRequest()
        ).status_code
        == 404
    )

    memory = client.create_memory(place, models.CreateMemoryRequest(description="about Ada")).body.memory_id
    node = client.create_memory_node(place, memory, models.CreateMemoryNodeRequest(content="likes tea")).body
    client.update_memory_node(
        place, memory, node.memory_node_id, models.UpdateMemoryNodeRequest(content="likes green tea")
    )
    nodes = client.list_memory_nodes(place, memory, models.ListMemoryNodesRequest()).body.memory_nodes
    assert [each.content for each in nodes] == ["likes green tea"]
    assert client.get_memory(place, memory, models.GetMemoryRequest()).body.description == "about Ada"
    long = refused(client.create_memory, place, models.CreateMemoryRequest(description="x" * 51))
    assert (long.status_code, long.code) == (400, "Memory.DescriptionInvalid")
    client.delete_memory(place, memory, models.DeleteMemoryRequest())
    assert client.delete_agent(place, made.data, models.DeleteAgentRequest()).body.data == made.data


def test_an_application_that_looks_things_up(
    server: Server, place: str, model_server: Running, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    client = bailian(server, server.admin)
    content = TEXT.encode()
    lease = client.apply_file_upload_lease(
        "default",
        place,
        models.ApplyFileUploadLeaseRequest(
            file_name="office.txt",
            md_5=hashlib.md5(content, usedforsecurity=False).hexdigest(),
            size_in_bytes=str(len(content)),
        ),
    ).body.data
    headers = {each: lease.param.headers[each] for each in ("X-bailian-extra", "Content-Type")}
    wrong = httpx.put(lease.param.url, content=content, headers={**headers, "X-bailian-extra": "x"}, trust_env=False)
    assert (wrong.status_code, wrong.json()["Code"]) == (403, "InvalidLease")
    sent = httpx.request(lease.param.method, lease.param.url, content=content, headers=headers, trust_env=False)
    assert sent.status_code == 200, sent.text
    added = client.add_file(
        place,
        models.AddFileRequest(lease_id=lease.file_upload_lease_id, category_id="default", parser="DASHSCOPE_DOCMIND"),
    ).body
    assert added.success == "true"
    assert (
        client.describe_file(place, added.data.file_id, models.DescribeFileRequest()).body.data.status
        == "PARSE_SUCCESS"
    )
    index = client.create_index(
        place,
        models.CreateIndexRequest(
            name="office",
            structure_type="unstructured",
            source_type="DATA_CENTER_FILE",
            sink_type="BUILT_IN",
            document_ids=[added.data.file_id],
        ),
    ).body.data.id
    job = client.submit_index_job(place, models.SubmitIndexJobRequest(index_id=index)).body.data
    asked = models.GetIndexJobStatusRequest(index_id=index, job_id=job.id)
    deadline = time.monotonic() + 150
    while (status := client.get_index_job_status(place, asked).body.data.status) == "RUNNING":
        assert time.monotonic() < deadline, "its vectors do not come"
        time.sleep(0.2)
    assert status == "COMPLETED"
    otherwise = models.RetrieveRequest(index_id=index, query="How warm should tea water be?")
    by_meaning = client.retrieve(place, otherwise).body
    assert "4711" in by_meaning.data.nodes[0].text  # it shares no word with the question
    shown = client.list_indices(place, models.ListIndicesRequest(index_name="office")).body.data.indices
    assert shown[0].embedding_model_name == "multilingual-e5-small"
    found = client.retrieve(place, models.RetrieveRequest(index_id=index, query="Where is the kettle?")).body
    assert "4711" in found.data.nodes[0].text
    chunks = client.list_chunks(place, models.ListChunksRequest(index_id=index, file_id=added.data.file_id)).body
    assert chunks.data.total == 1
    assert index in {each.id for each in client.list_indices(place, models.ListIndicesRequest()).body.data.indices}
    unbuilt = refused(client.retrieve, place, models.RetrieveRequest(index_id=index, query="x", enable_reranking=True))
    assert unbuilt.code == "UnsupportedOperation"

    rag = models.CreateAndPulishAgentRequestApplicationConfigRagConfig(
        enable_search=True, knowledge_base_code_list=[index], enable_citation=True
    )
    agent = client.create_and_pulish_agent(
        place,
        models.CreateAndPulishAgentRequest(
            name="office",
            model_id="echo",
            instructions="You are ${who}.",
            application_config=models.CreateAndPulishAgentRequestApplicationConfig(rag_config=rag),
        ),
    ).body.data
    value = ours(server, "modelstudio", "create-api-key")["apiKey"]["apiKeyValue"]
    monkeypatch.setattr(dashscope, "base_http_api_url", server.url + "/api/v1")
    answer = dashscope.Application.call(
        app_id=agent,
        prompt="How hot is oolong steeped?",
        api_key=value,
        workspace=place,
        biz_params={"user_prompt_params": {"who": "Ada"}},
    )
    assert (answer.status_code, answer.output.text) == (200, "How hot is oolong steeped?")
    assert answer.output.doc_references[0].doc_name == "office.txt"
    told = model_server.seen()["last"]["body"]["messages"][0]
    assert told["role"] == "system"
    assert told["content"].startswith("You are Ada.")
    assert "ninety degrees" in told["content"]
    client.delete_agent(place, agent, models.DeleteAgentRequest())
    gone = dashscope.Application.call(app_id=agent, prompt="x", api_key=value)
    assert (gone.status_code, gone.code) == (403, "App.AccessDenied")


def test_what_is_refused_says_so(server: Server, place: str) -> None:
    client = bailian(server, server.admin)
    error = refused(client.get_parse_settings, place, models.GetParseSettingsRequest(category_id="default"))
    assert (error.status_code, error.code) == (400, "UnsupportedOperation.Knowledge")
