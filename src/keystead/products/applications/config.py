"""What an application may be told: `applicationConfig` and `sampleLibrary`.

They come as one JSON text each.  A member that is unknown, or that asks for what is not built, is refused when it is
set: nothing is accepted and then ignored.  Source: reference/model-studio.md c.1; what each member means beyond its
name is inferred where the comment says so.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from keystead.faults import FaultKind
from keystead.products.applications.product import NOT_BUILT

MOST_ROUNDS = 50
DEFAULT_ROUNDS = 10
MOST_BASES = 20
MOST_CHUNKS = 20
DEFAULT_CHUNKS = 5
MOST_RETRIEVED = 200_000
DEFAULT_RETRIEVED = 20_000
"""Characters of found texts that are put into one call."""


def _invalid(name: str) -> FaultKind:
    return FaultKind(
        f"InvalidParameter.{name}",
        400,
        f"The parameter {name} is not what an application can be told: {{problem}}.",
        f"Correct {name} and send the request again; docs/guides/applications.md lists its members.",
    )


CONFIG_INVALID = _invalid("applicationConfig")
SAMPLES_INVALID = _invalid("sampleLibrary")

Rounds = Annotated[int, Meta(ge=0, le=MOST_ROUNDS)]
Chunks = Annotated[int, Meta(ge=1, le=MOST_CHUNKS)]
BaseId = Annotated[str, Meta(min_length=1, max_length=64)]
Word = Annotated[str, Meta(max_length=4096)]


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, rename="camel"):
    """Base: an unknown member is an error; what was not given is not written."""


class Parameters(Strict, frozen=True):
    """How the model is asked.  dialog_round: how many rounds of a session go along."""

    dialog_round: Rounds | None = None
    enable_thinking: bool | None = msgspec.field(default=None, name="enable_thinking")
    max_tokens: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    temperature: Annotated[float, Meta(ge=0, lt=2)] | None = None


class RagConfig(Strict, frozen=True):
    """What is looked up before the model is asked."""

    enable_search: bool | None = None
    knowledge_base_code_list: Annotated[tuple[BaseId, ...], Meta(max_length=MOST_BASES)] | None = None
    top_k: Chunks | None = None
    enable_citation: bool | None = None
    retrieve_max_length: Annotated[int, Meta(ge=1, le=MOST_RETRIEVED)] | None = None
    enable_web_search: bool | None = None
    answer_scope: Word | None = None
    prompt_strategy: Word | None = None
    fixed_reply_detail: Word | None = None
    rag_reject_type: Word | None = None
    reject_filter_type: Word | None = None
    reject_filter_prompt: Word | None = None


class HistoryConfig(Strict, frozen=True):
    """enable_record: false keeps no session (inferred from the name)."""

    enable_record: bool | None = None
    enable_adb_record: bool | None = None
    instance_id: Word | None = None
    region: Word | None = None
    store_code: Word | None = None


class LongTermMemory(Strict, frozen=True):
    """enable: the memory that a call names by `memory_id` goes along."""

    enable: bool | None = None


class Typed(Strict, frozen=True):
    """A tool or flow; none is built."""

    type: Word | None = None


class Security(Strict, frozen=True):
    """The content filter; none is built."""

    processing_strategy: Word | None = None


class ApplicationConfig(Strict, frozen=True):
    """`applicationConfig`.  security_config on create, security everywhere else: both are read."""

    parameters: Parameters | None = None
    rag_config: RagConfig | None = None
    history_config: HistoryConfig | None = None
    long_term_memory: LongTermMemory | None = None
    tools: Annotated[tuple[Typed, ...], Meta(max_length=100)] | None = None
    work_flows: Annotated[tuple[Typed, ...], Meta(max_length=100)] | None = None
    security: Security | None = None
    security_config: Security | None = None


class SampleLibrary(Strict, frozen=True):
    """Examples that go along with a question: the best parts of these knowledge bases (inferred)."""

    enable_sample: bool | None = None
    sample_library_id_list: Annotated[tuple[BaseId, ...], Meta(max_length=MOST_BASES)] | None = None
    top_k: Chunks | None = None


Shape = TypeVar("Shape", bound=Strict)


def read_config(text: str) -> ApplicationConfig:
    """`applicationConfig` as it was given, "" for none.  Raises `InvalidParameter.applicationConfig` and
    `UnsupportedOperation` for what is not built."""
    found = _read(text, ApplicationConfig, CONFIG_INVALID)
    rag, history = found.rag_config or RagConfig(), found.history_config or HistoryConfig()
    web = "no search engine is connected"
    judge = "nothing here judges an answer before it is sent"
    elsewhere = "sessions are kept in Keystead's own database, for an hour"
    for what, wanted, why in (
        ("tools", found.tools, "an application calls no tools"),
        ("workFlows", found.work_flows, "an application calls no flows"),
        ("securityConfig", _strategy(found), "there is no content filter"),
        ("ragConfig.enableWebSearch", rag.enable_web_search, web),
        ("ragConfig.answerScope", rag.answer_scope, judge),
        ("ragConfig.promptStrategy", rag.prompt_strategy, "the found texts are put where ${documents} stands"),
        ("ragConfig.fixedReplyDetail", rag.fixed_reply_detail, judge),
        ("ragConfig.ragRejectType", rag.rag_reject_type, judge),
        ("ragConfig.rejectFilterType", rag.reject_filter_type, judge),
        ("ragConfig.rejectFilterPrompt", rag.reject_filter_prompt, judge),
        ("historyConfig.enableAdbRecord", history.enable_adb_record, elsewhere),
        ("historyConfig.instanceId", history.instance_id, elsewhere),
        ("historyConfig.region", history.region, elsewhere),
        ("historyConfig.storeCode", history.store_code, elsewhere),
    ):
        if wanted:
            raise NOT_BUILT(
                what=f"applicationConfig.{what}",
                why=why,
                next="Leave it out; docs/guides/applications.md says what an application can do here.",
            )
    return found


def read_samples(text: str) -> SampleLibrary:
    """`sampleLibrary` as it was given, "" for none.  Raises `InvalidParameter.sampleLibrary`."""
    return _read(text, SampleLibrary, SAMPLES_INVALID)


def written(value: Strict) -> str:
    """The JSON that is stored: only what was given."""
    return msgspec.json.encode(value).decode()


def stored(text: str, shape: type[Shape]) -> Shape:
    """What `written` wrote."""
    return msgspec.json.decode(text, type=shape)


def shown(config: ApplicationConfig) -> dict[str, Any]:
    """The config as answers show it: the members that the vendor's answers have, those that were given (c.1)."""
    whole: dict[str, Any] = msgspec.to_builtins(config)
    whole.pop("securityConfig", None)
    whole.get("parameters", {}).pop("enable_thinking", None)
    rag = whole.get("ragConfig", {})
    for name in set(rag) - {"enableCitation", "enableSearch", "knowledgeBaseCodeList", "topK"}:
        del rag[name]
    return whole


def merged(old: ApplicationConfig, new: ApplicationConfig) -> ApplicationConfig:
    """`old` with the parts that `new` gives; a part is replaced as a whole."""
    given = {name: value for name in ApplicationConfig.__struct_fields__ if (value := getattr(new, name)) is not None}
    return msgspec.structs.replace(old, **given)


def _strategy(config: ApplicationConfig) -> str | None:
    for each in (config.security, config.security_config):
        if each is not None and each.processing_strategy:
            return each.processing_strategy
    return None


def _read(text: str, shape: type[Shape], invalid: FaultKind) -> Shape:
    if not text:
        return shape()
    try:
        return msgspec.json.decode(text, type=shape)
    except (msgspec.DecodeError, RecursionError) as error:
        raise invalid(problem=str(error)[:200]) from None
