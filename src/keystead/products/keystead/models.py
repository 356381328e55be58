"""Models and the servers behind them: what callers may name, and where such a call goes.

Models are the instance's, not an account's: they stand for servers that the operator runs.  So writing them is for the
account that was made first, besides a permission `keystead:…` on the model; every account may list what there is.
An upstream's address is trusted as the operator's own data: the gateway calls whatever it names.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec
from msgspec import UNSET, UnsetType

from keystead.faults import FaultKind
from keystead.identity.callers import Caller
from keystead.identity.model_keys import MODEL_NAME
from keystead.identity.transaction import Tx
from keystead.products.desk import Desk
from keystead.products.keystead.product import KEYSTEAD
from keystead.store import upstreams as store
from keystead.wire.answers import Done, Output
from keystead.wire.parameters import Input, Text, Whole

NOT_FOUND = FaultKind(
    "EntityNotExist.Model", 404, "The model {name!r} does not exist.", "keystead model list shows the models."
)
EXISTS = FaultKind(
    "EntityAlreadyExists.Model",
    409,
    "The model {name!r} exists already and has the server {url}.",
    "Add a server to it with UpdateModel, or choose another name.",
)
NOT_OPERATOR = FaultKind(
    "NoPermission",
    403,
    "Models belong to the whole instance: only the account {account}, which was made first, may change them.",
    "Ask that account's administrator.",
)
BAD_URL = FaultKind(
    "InvalidParameter.Upstream",
    400,
    "The parameter Upstream is not the address of a model server: {why}.",
    "Write it like http://gpu.example:8000/v1, with the path below which /chat/completions stands.",
)
TOO_MANY = FaultKind(
    "LimitExceeded.Model", 409, "There are {count} {what}; the limit is {limit}.", "Remove one that nobody uses."
)
UPSTREAM_NOT_FOUND = FaultKind(
    "EntityNotExist.Upstream",
    404,
    "The model {name!r} has no server {id!r}.",
    "keystead model list shows each server's ID.",
)
BAD_PRICE = FaultKind(
    "InvalidParameter.Price", 400, "The price {price!r} is not a number from 0 to 1000000.", "Write it like 0.8."
)

_MOST_MODELS = 1000
_MOST_UPSTREAMS = 16
_TEST_SECONDS = 30.0
_CHAT: dict[str, Any] = {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 1}
_RESOURCE = "acs:keystead:*:{account}:model/{model_name}"

Name = Annotated[str, Text(1, 128, MODEL_NAME, doc="what callers name the model, for instance qwen-plus")]
Url = Annotated[str, Text(1, 512, doc="base address of an OpenAI-compatible server, http://127.0.0.1:8000/v1")]
Theirs = Annotated[str, Text(1, 256, doc="what the server calls the model; by default the same")]
Secret = Annotated[str, Text(1, 4096, secret=True, doc="the server's own API key")]
Weight = Annotated[int, Whole(0, 1000, doc="share of the calls; 0: only when no other server answers")]
Price = Annotated[str, Text(1, 16, r"[0-9.]+", wrong="Format", doc="currency units per million tokens")]
Told = Annotated[str, Text(0, 512)]


class _Details(Input, frozen=True, kw_only=True):
    description: Told | None = None
    provider: Annotated[str, Text(0, 64)] | None = None
    input_price: Price | None = None
    output_price: Price | None = None


class AddModelInput(_Details, frozen=True, kw_only=True):
    model_name: Name
    upstream: Url
    upstream_model: Theirs | None = None
    upstream_key: Secret | None = None
    weight: Weight = 100


class UpdateModelInput(_Details, frozen=True, kw_only=True):
    model_name: Name
    upstream: Annotated[str, Text(1, 512, doc="a server to add, or to describe anew where it is there")] | None = None
    upstream_model: Theirs | None = None
    upstream_key: Secret | None = None
    weight: Weight = 100
    remove_upstream: Annotated[str, Text(1, 32, doc="the ID of a server to remove")] | None = None


class RemoveModelInput(Input, frozen=True):
    model_name: Name


class ListModelsInput(Input, frozen=True):
    model_name: Name | None = None


class Server(Output, frozen=True):
    """A server of a model; its key is never shown, only whether there is one."""

    upstream_id: str
    url: str
    upstream_model: str
    weight: int
    has_key: bool


class Model(Output, frozen=True):
    """A model with its servers.  Prices are currency units per million tokens."""

    model_name: str
    description: str
    provider: str
    input_price: str
    output_price: str
    upstreams: list[Server]


class ModelOutput(Output, frozen=True):
    model: Model


class ModelsOutput(Output, frozen=True):
    models: list[Model]


class TestModelInput(Input, frozen=True):
    model_name: Name


class Result(Output, frozen=True):
    """What one server said.  milliseconds: until its whole answer was there."""

    upstream_id: str
    url: str
    works: bool
    milliseconds: int
    said: str


class TestModelOutput(Output, frozen=True):
    works: bool
    results: list[Result]
    note: str | UnsetType = UNSET


@KEYSTEAD.action("AddModel", resource=_RESOURCE, writes=True, faults=(EXISTS, NOT_OPERATOR, BAD_URL, TOO_MANY))
def add_model(tx: Tx, _caller: Caller, wanted: AddModelInput) -> ModelOutput:
    """Add a model with its first server; it can be called at once, by whom a policy or a key allows it."""
    _check_operator(tx)
    known = store.of_model(tx, wanted.model_name)
    if known:
        raise EXISTS(name=wanted.model_name, url=known[0].url)
    count = len(store.all_models(tx))
    if count >= _MOST_MODELS and store.model(tx, wanted.model_name) is None:
        raise TOO_MANY(count=count, what="models", limit=_MOST_MODELS)
    _write_details(tx, wanted.model_name, wanted)
    _put(tx, wanted.model_name, wanted.upstream, wanted.upstream_model, wanted.upstream_key, wanted.weight)
    return ModelOutput(model=_shown(tx, wanted.model_name))


@KEYSTEAD.action(
    "UpdateModel",
    resource=_RESOURCE,
    writes=True,
    faults=(NOT_FOUND, NOT_OPERATOR, BAD_URL, TOO_MANY, UPSTREAM_NOT_FOUND),
)
def update_model(tx: Tx, _caller: Caller, wanted: UpdateModelInput) -> ModelOutput:
    """Change what is given: description, prices, one server added or described anew, one server removed."""
    _check_operator(tx)
    name = wanted.model_name
    if store.model(tx, name) is None:
        raise NOT_FOUND(name=name)
    _write_details(tx, name, wanted)
    if wanted.remove_upstream and not store.remove(tx, name, wanted.remove_upstream):
        raise UPSTREAM_NOT_FOUND(name=name, id=wanted.remove_upstream)
    if wanted.upstream:
        count = len(store.of_model(tx, name))
        if count >= _MOST_UPSTREAMS:
            raise TOO_MANY(count=count, what=f"servers of {name}", limit=_MOST_UPSTREAMS)
        _put(tx, name, wanted.upstream, wanted.upstream_model, wanted.upstream_key, wanted.weight)
    return ModelOutput(model=_shown(tx, name))


@KEYSTEAD.action("RemoveModel", resource=_RESOURCE, writes=True, faults=(NOT_FOUND, NOT_OPERATOR))
def remove_model(tx: Tx, _caller: Caller, wanted: RemoveModelInput) -> Done:
    """Remove a model and its servers; calls that name it are refused from now on."""
    _check_operator(tx)
    if store.model(tx, wanted.model_name) is None:
        raise NOT_FOUND(name=wanted.model_name)
    store.drop_model(tx, wanted.model_name)
    return Done()


@KEYSTEAD.action("ListModels", resource="acs:keystead:*:{account}:model/*")
def list_models(tx: Tx, _caller: Caller, wanted: ListModelsInput) -> ModelsOutput:
    """List models with their servers.  A server's address and key are shown to nobody but the first account."""
    names = [row.name for row in store.all_models(tx) if wanted.model_name in (None, row.name)]
    return ModelsOutput(models=[_shown(tx, name) for name in names])


async def ask_servers(desk: Desk, wanted: TestModelInput, caller: Caller) -> list[Result]:
    """Send each server of the model the smallest request there is: a chat, else an embedding."""

    def read(tx: Tx) -> list[tuple[Any, str]]:
        _check_operator(tx, caller.account_id)
        if store.model(tx, wanted.model_name) is None:
            raise NOT_FOUND(name=wanted.model_name)
        return [
            (row, tx.keyring.open(row.sealed_secret, f"upstream:{row.id}").decode() if row.sealed_secret else "")
            for row in store.sealed(tx, wanted.model_name)
        ]

    servers = await desk.directory.read(read)
    return list(await asyncio.gather(*(_ask(row, secret) for row, secret in servers)))


@KEYSTEAD.action("TestModel", resource=_RESOURCE, memory=True, prepare=ask_servers, faults=(NOT_FOUND, NOT_OPERATOR))
def try_model(desk: Desk, _caller: Caller, _wanted: TestModelInput) -> TestModelOutput:
    """Ask every server of a model for one token, or one embedding, and say how each answered."""
    results: list[Result] = desk.prepared
    return TestModelOutput(works=any(each.works for each in results), results=results)


async def _ask(row: Any, secret: str) -> Result:
    began = time.monotonic()
    if not row.url.startswith("http"):
        said = "the embedded model: it starts with its first call"
        return Result(upstream_id=row.id, url=row.url, works=True, milliseconds=0, said=said)
    import aiohttp  # only who tests a model pays for it

    headers = {"authorization": f"Bearer {secret}"} if secret else {}
    works = False
    try:
        timeout = aiohttp.ClientTimeout(total=_TEST_SECONDS)
        async with aiohttp.ClientSession(timeout=timeout, trust_env=False, headers=headers) as session:
            works, said = await _answered(session, row, "/chat/completions", _CHAT, '"choices"')
            if not works:
                embeds, _ = await _answered(session, row, "/embeddings", {"input": "hi"}, '"embedding"')
                works, said = (True, "HTTP 200, embeddings only") if embeds else (works, said)
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        said = f"no answer ({type(error).__name__})"
    said = "".join(char for char in said if char.isprintable())
    spent = int((time.monotonic() - began) * 1000)
    return Result(upstream_id=row.id, url=row.url, works=works, milliseconds=spent, said=said)


async def _answered(session: Any, row: Any, path: str, body: dict[str, Any], mark: str) -> tuple[bool, str]:
    """Whether the server answers at this address as a model does, and what it said."""
    sent = {**body, "model": row.upstream_model}
    async with session.post(row.url + path, json=sent, allow_redirects=False) as answer:
        text = (await answer.content.read(2048)).decode("utf-8", "replace")
        works = answer.status == 200 and mark in text
        return works, f"HTTP {answer.status}" if works else f"HTTP {answer.status}: {text[:200]}"


def _check_operator(tx: Tx, account_id: str = "") -> None:
    first = store.operator_account(tx)
    if (account_id or tx.account_id) != first:
        raise NOT_OPERATOR(account=first)


def _put(tx: Tx, name: str, url: str, theirs: str | None, secret: str | None, weight: int) -> None:
    address = _checked(url)
    upstream_id = "up-" + secrets.token_hex(8)
    sealed = tx.keyring.seal(secret.encode(), f"upstream:{upstream_id}") if secret else None
    store.put(tx, upstream_id, name, address, theirs or name, sealed, weight)


def _checked(url: str) -> str:
    """The address without a slash at its end.  Raises `InvalidParameter.Upstream`."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise BAD_URL(why=str(error)[:80]) from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BAD_URL(why="it does not begin with http:// or https:// and a host")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise BAD_URL(why="it holds a user, a password, a query or a fragment; give a key as UpstreamKey")
    if re.search(r"[\s\x00-\x1f\x7f]", url):
        raise BAD_URL(why="it holds blanks or control characters")
    return url.rstrip("/")


def _write_details(tx: Tx, name: str, wanted: _Details) -> None:
    row = store.model(tx, name)
    details: dict[str, Any] = msgspec.json.decode(row.details) if row is not None else {}
    given = {
        "description": wanted.description,
        "provider": wanted.provider,
        "inputPrice": _price(wanted.input_price),
        "outputPrice": _price(wanted.output_price),
    }
    details |= {key: value for key, value in given.items() if value is not None}
    store.put_model(tx, name, msgspec.json.encode(details).decode())


def _price(text: str | None) -> str | None:
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,7}(\.[0-9]{1,6})?", text) or float(text) > 1_000_000:
        raise BAD_PRICE(price=text)
    return text


def _shown(tx: Tx, name: str) -> Model:
    row = store.model(tx, name)
    if row is None:
        raise NOT_FOUND(name=name)
    details = msgspec.json.decode(row.details)
    mine = store.operator_account(tx) == tx.account_id
    return Model(
        model_name=name,
        description=str(details.get("description") or ""),
        provider=str(details.get("provider") or ""),
        input_price=str(details.get("inputPrice") or "0"),
        output_price=str(details.get("outputPrice") or "0"),
        upstreams=[
            Server(
                upstream_id=each.id,
                url=each.url if mine else "",
                upstream_model=each.upstream_model if mine else "",
                weight=each.weight,
                has_key=bool(each.keyed),
            )
            for each in store.of_model(tx, name)
        ],
    )
