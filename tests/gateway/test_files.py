"""Files that calls name: sent, listed and deleted by unmodified clients, and read by a model in place of `fileid://`."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from typing import Any

import dashscope
import httpx
import openai
import pytest

from gateway.planes import CHAT, NATIVE, Plane
from gateway.world import POLICY, STUDIO, Visitor, World

TEXT = "The zebra sleeps standing.\n"


@pytest.fixture(params=["/compatible-mode/v1", "/v1"])
def client(plane: Plane, request: pytest.FixtureRequest) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(
        base_url=plane.server.url + request.param, api_key=plane.key, http_client=httpx.Client(trust_env=False)
    ) as made:
        yield made


@pytest.fixture
def native(plane: Plane, monkeypatch: pytest.MonkeyPatch) -> Plane:
    monkeypatch.setattr(dashscope, "base_http_api_url", plane.server.url + "/api/v1")
    return plane


def _send(client: openai.OpenAI, name: str, content: bytes, purpose: Any = "file-extract") -> Any:
    return client.files.create(file=(name, io.BytesIO(content)), purpose=purpose)


def test_openai(plane: Plane, client: openai.OpenAI, tmp_path: Path) -> None:
    path = tmp_path / "zebra notes.md"
    path.write_text(TEXT)
    made = client.files.create(file=path, purpose="file-extract")  # type: ignore[arg-type]
    assert (made.filename, made.bytes, made.status, made.object) == ("zebra notes.md", len(TEXT), "processed", "file")
    assert client.files.retrieve(made.id) == made
    second = _send(client, "b.txt", b"second")
    try:
        assert {made.id, second.id} <= {each.id for each in client.files.list()}
        first_page = client.files.list(limit=1)
        assert (len(first_page.data), first_page.has_more) == (1, True)
        assert second.id in {each.id for each in client.files.list(limit=1, after=made.id)}
        assert client.files.list(purpose="batch").data == []
        said = client.chat.completions.create(
            model="fake",
            messages=[
                {"role": "system", "content": "Be brief."},
                {"role": "system", "content": f"fileid://{made.id},fileid://{second.id}"},
                {"role": "user", "content": "How does the zebra sleep?"},
            ],
        )
        assert said.choices[0].message.content
        sent = plane.upstream.seen()["last"]["body"]["messages"]
        assert sent[0]["content"] == "Be brief."
        assert sent[1] == {
            "role": "system",
            "content": f"zebra notes.md:\n\n{TEXT.strip()}\n\nb.txt:\n\nsecond",
        }
        with pytest.raises(openai.BadRequestError) as refused:
            client.files.content(made.id)
        assert refused.value.code == "UnsupportedOperation"
        with pytest.raises(openai.BadRequestError, match="names files only"):
            client.chat.completions.create(
                model="fake", messages=[{"role": "system", "content": f"fileid://{made.id} and be brief"}]
            )
    finally:
        for each in (made, second):
            assert client.files.delete(each.id).deleted
    for again in (client.files.delete, client.files.retrieve):
        with pytest.raises(openai.NotFoundError):
            again(made.id)
    with pytest.raises(openai.NotFoundError):
        client.chat.completions.create(model="fake", messages=[{"role": "system", "content": f"fileid://{made.id}"}])


def test_what_is_read_is_counted_and_nothing_else_is_taken_for_a_file(plane: Plane, client: openai.OpenAI) -> None:
    made = _send(client, "long.txt", b"word " * 3000)
    try:
        named = {"model": "silent", "messages": [{"role": "system", "content": f"fileid://{made.id}"}]}
        answer = plane.post(CHAT, named)
        assert answer.status_code == 200, answer.text
        assert plane.used(answer.headers["x-request-id"])["input_tokens"] > 4000
        answer = plane.chat("echo", messages=[{"role": "user", "content": f"fileid://{made.id}"}])
        assert answer.json()["choices"][0]["message"]["content"] == f"fileid://{made.id}"
    finally:
        client.files.delete(made.id)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("picture.png", b"\x89PNG", "no type that is read here"),
        ("a.txt", b"\xff\xfe\xff", "not UTF-8"),
        ("a.pdf", b"%PDF-not", "cannot be read"),
        ("a.docx", b"PK\x03\x04broken", "cannot be read"),
        ("empty.txt", b"", "0 bytes"),
        ("blank.txt", b" \n", "no text"),
        ("big.txt", b"a" * 10_000_001, "10000001 bytes"),
    ],
)
def test_what_cannot_be_read_is_refused_when_it_is_sent(
    client: openai.OpenAI, name: str, content: bytes, says: str
) -> None:
    with pytest.raises(openai.BadRequestError, match=says) as refused:
        _send(client, name, content)
    assert refused.value.code == "invalid_parameter_error"


def test_other_purposes_and_broken_forms_are_refused(plane: Plane, client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="batches are not served"):
        _send(client, "a.jsonl", b"{}", "batch")
    with pytest.raises(openai.BadRequestError, match="order"):
        client.files.list(order="desc")
    kind = "multipart/form-data; boundary=cut"
    bodies = {
        b"": "does not begin",
        b"\n" * 1_000_000 + b"--cut": "does not begin",
        b"--other\r\n\r\n": "does not begin",
        b"--cut\r\nA: b": "",
        b"--cut\r\ncontent-type: multipart/mixed; boundary=in\r\n\r\n--in--\r\n--cut--": "",
        b"--cut\r\n\r\nx\r\n" * 20 + b"--cut--": "more than 16 parts",
        b"--cut\r\ncontent-disposition: form-data; name=purpose\r\n\r\nfile-extract\r\n--cut--": "0 files",
    }
    for body, says in bodies.items():
        answer = httpx.post(
            plane.server.url + "/v1/files",
            content=body,
            headers={**plane.headers, "content-type": kind},
            trust_env=False,
            timeout=10,
        )
        assert answer.status_code == 400, (body[:40], answer.text)
        assert says in answer.text
    assert plane.post("/v1/files", {"purpose": "file-extract"}).status_code == 400
    assert httpx.put(plane.server.url + "/v1/files", headers=plane.headers, trust_env=False).status_code == 404


def test_dashscope(native: Plane, tmp_path: Path) -> None:
    path = tmp_path / "facts.txt"
    path.write_text(TEXT)
    sent = dashscope.Files.upload(str(path), purpose="inference", api_key=native.key)
    assert (sent.status_code, sent.output["failed_uploads"]) == (HTTPStatus.OK, []), sent
    (made,) = sent.output["uploaded_files"]
    try:
        shown = dashscope.Files.get(made["file_id"], api_key=native.key)
        assert (shown.output["name"], shown.output["size"]) == ("facts.txt", len(TEXT))
        listed = dashscope.Files.list(page=1, page_size=100, api_key=native.key)
        assert made["file_id"] in {each["file_id"] for each in listed.output["files"]}
        assert listed.output["total"] >= 1
        said = dashscope.Generation.call(
            "echo",
            messages=[
                {"role": "user", "content": "hello"},
                {"role": "system", "content": f"fileid://{made['file_id']}"},
            ],
            api_key=native.key,
        )
        assert said.output.text == f"facts.txt:\n\n{TEXT.strip()}"
        told = dashscope.Files.upload(str(path), purpose="inference", description="notes", api_key=native.key)
        assert (told.status_code, told.code) == (400, "UnsupportedOperation")
        lines = tmp_path / "tune.jsonl"
        lines.write_text('{"a": 1}\n')
        tune = dashscope.Files.upload(str(lines), api_key=native.key)
        assert tune.status_code == HTTPStatus.OK, tune
        (other,) = tune.output["uploaded_files"]
        assert dashscope.Files.delete(other["file_id"], api_key=native.key).status_code == HTTPStatus.OK
    finally:
        assert dashscope.Files.delete(made["file_id"], api_key=native.key).status_code == HTTPStatus.OK
    gone = dashscope.Files.get(made["file_id"], api_key=native.key)
    assert (gone.status_code, gone.code) == (404, "NotFound")


def test_media_and_tasks_are_refused_clearly(native: Plane, tmp_path: Path) -> None:
    """Nothing here is asynchronous: text and vectors come at once."""
    picture = tmp_path / "a.png"
    picture.write_bytes(b"\x89PNG")
    with pytest.raises(dashscope.common.error.UploadFileException, match="UnsupportedOperation"):
        dashscope.MultiModalConversation.call(
            "fake", messages=[{"role": "user", "content": [{"image": f"file://{picture}"}]}], api_key=native.key
        )
    asked = native.post(NATIVE, {"model": "fake", "input": {"prompt": "x"}}, x_dashscope_async="enable")
    assert (asked.status_code, asked.json()["code"]) == (403, "AccessDenied")
    batch = dashscope.BatchTextEmbedding.async_call("text-embedding-async-v2", "http://127.0.0.1/x", api_key=native.key)
    assert batch.status_code in (403, 404), batch
    assert dashscope.BatchTextEmbedding.fetch("some-task", api_key=native.key).code == "NotFound"


def test_sent_and_deleted_is_audited(plane: Plane, client: openai.OpenAI) -> None:
    made = client.files.with_raw_response.create(file=("a.txt", b"x"), purpose="file-extract")  # type: ignore[arg-type]
    file_id = made.parse().id
    client.files.delete(file_id)
    event = plane.audited(made.headers["x-request-id"])
    assert (event["Action"], event["Kind"], event["Outcome"]) == ("UploadFile", "write", "Success")
    assert event["Parameters"]["fileId"] == file_id
    assert event["Resource"].endswith(f":workspace/{plane.workspace}")


@pytest.fixture
def world(plane: Plane) -> Iterator[World]:
    with httpx.Client(trust_env=False, timeout=30) as client:
        made = World(plane.server, plane.upstream, client)
        yield made


def test_who_reaches_files(world: World, plane: Plane) -> None:
    """Members by key, pair and session; nobody from elsewhere, and no key that is narrowed."""
    world.rpc("ram", "CreatePolicy", PolicyName="everything", PolicyDocument=json.dumps(POLICY))
    made = world.roa("POST", "/modelstudio/workspaces", "CreateWorkspace", STUDIO, workspaceName="files")
    place = world.names["W"] = made.json()["workspace"]["workspaceId"]
    grant = {"workspaceId": place, "accessAllEntities": "OPEN"}
    assert world.form("/modelstudio/models/permissions", "UpdateModelPermissions", STUDIO, **grant).is_success
    for name in ("keeper", "neighbour", "unpolicied-keeper"):
        world.rpc("ram", "CreateUser", UserName=name)
    world.rpc("ram", "AttachPolicyToUser", UserName="keeper", PolicyName="everything", PolicyType="Custom")
    world.rpc("ram", "AttachPolicyToUser", UserName="neighbour", PolicyName="everything", PolicyType="Custom")
    for name in ("keeper", "unpolicied-keeper"):
        world.join(name)
    keeper = Visitor(place, "echo", "", world.pair("keeper"))
    keyed = replace(keeper, pair=None, value=world.key(keeper.pair)[0])
    narrow = world.key(
        keeper.pair,
        **{"auth.modelAccessScope.allowAllModels": "False", "auth.modelAccessScope.accessibleModels.1": "echo"},
    )[0]
    form = {"file": ("secret.txt", TEXT.encode())}
    sent = world.client.post(
        plane.server.url + "/v1/files",
        data={"purpose": "file-extract"},
        files=form,
        headers={"authorization": f"Bearer {keyed.value}"},
    )
    assert sent.status_code == 200, sent.text
    file_id = sent.json()["id"]
    for who in (keeper, keyed, replace(keeper, pair=world.server.account_key())):
        assert world.data(who, f"/v1/files/{file_id}", None, "GET").status_code == 200
        listed = world.data(who, "/api/v1/files", None, "GET").json()["output"]
        assert [each["file_id"] for each in listed["files"]] == [file_id]
    expected = {
        "of another workspace": (replace(keyed, place="", value=plane.key), 404, "NotFound"),
        "outsider": (replace(keeper, pair=world.pair("neighbour")), 403, "Workspace.AccessDenied"),
        "member without a policy": (replace(keeper, pair=world.pair("unpolicied-keeper")), 403, "AccessDenied"),
        "narrowed key": (replace(keyed, value=narrow), 403, "AccessDenied"),
        "wrong key": (replace(keyed, value="sk-" + "0" * 32), 401, "InvalidApiKey"),
    }
    named = {"model": "echo", "input": {"messages": [{"role": "system", "content": f"fileid://{file_id}"}]}}
    for name, (who, status, code) in expected.items():
        for path, method, body in (
            (f"/api/v1/files/{file_id}", "GET", None),
            (f"/api/v1/files/{file_id}", "DELETE", None),
            (NATIVE, "POST", named),
        ):
            answer = world.data(who, path, body, method)
            assert (answer.status_code, answer.json()["code"]) == (status, code), (name, path, answer.text)
            assert TEXT.strip() not in answer.text
    assert world.data(keyed, NATIVE, named).json()["output"]["text"].endswith(TEXT.strip())
    kept = world.data(keyed, f"/v1/files/{file_id}", None, "DELETE")
    assert kept.json() == {"id": file_id, "object": "file", "deleted": True}
