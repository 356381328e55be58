"""The model catalogue.  Source: reference/model-studio.md b.3.

What is listed is what the operator has set up in this instance (`keystead model add`), with what was said of it.
"""

from __future__ import annotations

from typing import Annotated, Any

from keystead.identity.callers import Caller
from keystead.identity.transaction import Tx
from keystead.products.modelstudio.product import (
    MODEL_STUDIO,
    NEXT_TOKEN_INVALID,
    ManyResults,
    ModelsEnvelope,
    Part,
    StudioInput,
    Substring,
    Token,
    window,
)
from keystead.store import model_catalogue
from keystead.wire.parameters import Choice, Items, Whole

DEFAULT_RESULTS = 20

Words = Annotated[tuple[str, ...], Items(50, doc="all of these")]


class ListModelsInput(StudioInput, frozen=True):
    capabilities: Words = ()
    features: Words = ()
    providers: Annotated[tuple[str, ...], Items(50, doc="one of these")] = ()
    context_window: Annotated[int, Whole(0, 999_999_999, doc="at least so many tokens")] = 0
    language: Annotated[str, Choice(("zh-CN", "en"), doc="of descriptions, where there are two")] = "zh-CN"
    model: Substring = ""
    name: Substring = ""
    max_results: ManyResults = 0
    next_token: Token = ""


class Modalities(Part, frozen=True):
    request_modality: list[str]
    response_modality: list[str]


class ModelInfo(Part, frozen=True):
    """Sizes in tokens; 0 where nobody said it."""

    context_window: int
    max_input_tokens: int
    max_output_tokens: int
    max_reasoning_tokens: int
    reasoning_max_input_tokens: int
    reasoning_max_output_tokens: int


class Price(Part, frozen=True):
    price: str
    price_name: str
    price_unit: str
    time_band: str


class PriceRange(Part, frozen=True):
    range_name: str
    prices: list[Price]


class Model(Part, frozen=True):
    model: str
    name: str
    provider: str
    description: str
    capabilities: list[str]
    features: list[str]
    published_time: int
    inference_metadata: Modalities
    model_info: ModelInfo
    prices: list[PriceRange]


class ListModelsOutput(ModelsEnvelope, frozen=True, kw_only=True):
    models: list[Model]
    total_count: int
    max_results: int
    next_token: str


def show(model: str, details: dict[str, Any], language: str) -> Model:
    """A model as it is listed; what its details do not say is empty, 0 or text in, text out."""
    sizes = {name: int(details.get(_camel(name)) or 0) for name in ModelInfo.__struct_fields__}
    described = details.get("descriptionEn") if language == "en" else None
    return Model(
        model=model,
        name=str(details.get("name") or model),
        provider=str(details.get("provider") or ""),
        description=str(described or details.get("description") or ""),
        capabilities=_texts(details.get("capabilities")) or ["TG"],
        features=_texts(details.get("features")),
        published_time=int(details.get("publishedTime") or details["createdAt"] * 1000),
        inference_metadata=Modalities(
            request_modality=_texts(details.get("requestModality")) or ["Text"],
            response_modality=_texts(details.get("responseModality")) or ["Text"],
        ),
        model_info=ModelInfo(**sizes),
        prices=_prices(details),
    )


def _prices(details: dict[str, Any]) -> list[PriceRange]:
    found = [
        Price(price=str(details[key]), price_name=name, price_unit="per million tokens", time_band="")
        for key, name in (("inputPrice", "input_token"), ("outputPrice", "output_token"))
        if details.get(key) is not None
    ]
    return [PriceRange(range_name="", prices=found)] if found else []


def _texts(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else []


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


@MODEL_STUDIO.action(
    "ListModels",
    method="GET",
    path="/modelstudio/models",
    resource="acs:modelstudio:*:{account}:model/*",
    faults=(NEXT_TOKEN_INVALID,),
)
def list_models(tx: Tx, _caller: Caller, wanted: ListModelsInput) -> ListModelsOutput:
    """List the models that there are, with what the operator said of them."""
    size = wanted.max_results or DEFAULT_RESULTS
    found = [
        each
        for each in (show(name, details, wanted.language) for name, details in model_catalogue.every(tx).items())
        if set(wanted.capabilities) <= set(each.capabilities)
        and set(wanted.features) <= set(each.features)
        and (not wanted.providers or each.provider in wanted.providers)
        and each.model_info.context_window >= wanted.context_window
        and wanted.model.lower() in each.model.lower()
        and wanted.name.lower() in each.name.lower()
    ]
    page, token = window(found, lambda each: each.model, wanted.next_token, size)
    return ListModelsOutput(models=page, total_count=len(found), max_results=size, next_token=token)
