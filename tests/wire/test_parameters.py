"""Parameters: both spellings of lists, booleans of any case, the vendor's codes, hostile input bounded."""

from __future__ import annotations

import contextlib
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead.faults import Fault
from keystead.wire.parameters import Choice, Flag, Input, Items, Text, Whole, describe, reader, unknown_names


class Tag(Input, frozen=True):
    key: Annotated[str, Text(1, 8)]
    value: Annotated[str, Text(0, 8)] = ""


class Scope(Input, frozen=True, rename="camel"):
    allow_all: Annotated[bool, Flag()] = False
    models: Annotated[tuple[str, ...], Items(3)] = ()


class Auth(Input, frozen=True, rename="camel"):
    type: Annotated[str, Choice(("All", "Custom"))]
    scope: Scope | None = None


class Wanted(Input, frozen=True):
    name: Annotated[str, Text(2, 5, r"[a-z]+")]
    count: Annotated[int, Whole(1, 10)] = 3
    clamped: Annotated[int, Whole(1, 10, clamp=True)] = 3
    kind: Annotated[str, Choice(("System", "Custom"), fault="InvalidParameter.PolicyType")] | None = None
    flag: Annotated[bool, Flag()] = False
    names: Annotated[tuple[str, ...], Items(3)] = ()
    auth: Auth | None = None
    tag: Annotated[tuple[Tag, ...], Items(3)] = ()


read = reader(Wanted)


def code(**given_values: str) -> str:
    with pytest.raises(Fault) as caught:
        read({"Name": "abc", **given_values})
    assert caught.value.status == 400
    assert caught.value.next_step
    return caught.value.code


def test_required_and_optional() -> None:
    assert read({"Name": "abc"}) == Wanted(name="abc")
    with pytest.raises(Fault) as caught:
        read({})
    assert (caught.value.code, caught.value.message) == ("MissingName", "Name is mandatory for this action.")


@pytest.mark.parametrize("text", ["true", "True", "TRUE"])
def test_booleans_of_any_case(text: str) -> None:
    assert read({"Name": "abc", "Flag": text}).flag is True
    assert read({"Name": "abc", "Flag": "False"}).flag is False


def test_the_vendors_codes() -> None:
    assert code(Name="abcdef") == "InvalidParameter.Name.Length"
    assert code(Name="a") == "InvalidParameter.Name.Length"
    assert code(Name="ABC") == "InvalidParameter.Name.InvalidChars"
    assert code(Count="11") == "InvalidParameter.Count.Range"
    assert code(Count="x") == "InvalidParameter.Count.Format"
    assert code(Count="9" * 40) == "InvalidParameter.Count.Format"
    assert code(Kind="custom") == "InvalidParameter.PolicyType"
    assert code(Flag="yes") == "InvalidParameter.Flag.Format"
    assert read({"Name": "abc", "Clamped": "1000"}).clamped == 10


@pytest.mark.parametrize(
    "given_values",
    [
        {"Tag": '[{"Key": "a", "Value": "b"}, {"Key": "c"}]'},
        {"Tag.1.Key": "a", "Tag.1.Value": "b", "Tag.2.Key": "c"},
        {"Tag.10.Key": "c", "Tag.2.Key": "a", "Tag.2.Value": "b"},  # by number, gaps allowed
    ],
)
def test_both_spellings_of_a_list(given_values: dict[str, str]) -> None:
    tags = read({"Name": "abc", **given_values}).tag
    assert tags == (Tag(key="a", value="b"), Tag(key="c"))


def test_lists_of_texts_and_their_bounds() -> None:
    assert read({"Name": "abc", "Names": '["a", "b"]'}).names == ("a", "b")
    assert read({"Name": "abc", "Names.1": "a", "Names.2": "b"}).names == ("a", "b")
    assert code(Names='["a","b","c","d"]') == "InvalidParameter.Names.Length"
    assert code(Names="{}") == "InvalidParameter.Names.Format"
    assert code(Names="[" * 100_000) == "InvalidParameter.Names.Format"
    assert code(Names='[["a"]]') == "InvalidParameter.Names.Format"
    assert code(Tag='["a"]') == "InvalidParameter.Tag.Format"
    assert code(**{"Names.99999999999999999999": "a"}) == "InvalidParameter.Names.Format"
    assert code(**{"Tag.1.Key": ""}) == "MissingTag.Key"


@pytest.mark.parametrize(
    "given_values",
    [
        {"Auth.type": "Custom", "Auth.scope.allowAll": "False", "Auth.scope.models.1": "a", "Auth.scope.models.2": "b"},
        {"Auth": '{"type": "Custom", "scope": {"allowAll": false, "models": ["a", "b"]}}'},
    ],
)
def test_both_spellings_of_an_object(given_values: dict[str, str]) -> None:
    assert read({"Name": "abc", **given_values}).auth == Auth(type="Custom", scope=Scope(models=("a", "b")))


def test_an_objects_refusals_name_the_member() -> None:
    assert code(**{"Auth.scope.allowAll": "true"}) == "MissingAuth.type"
    assert code(Auth="[]") == "InvalidParameter.Auth.Format"
    assert read({"Name": "abc"}).auth is None


def test_names_that_no_rule_reads() -> None:
    assert unknown_names(Wanted, {"Name": "a", "Tag.1.Key": "b", "Typo": "c"}) == ("Typo",)


def test_the_description_is_complete() -> None:
    assert [(each.name, each.required) for each in describe(Wanted)][:2] == [("Name", True), ("Count", False)]
    assert [each.name for each in describe(Wanted)[-1].members] == ["Key", "Value"]


@given(st.dictionaries(st.sampled_from(["Name", "Count", "Flag", "Names", "Names.1", "Tag", "Tag.1.Key"]), st.text()))
def test_any_text_is_read_or_refused(given_values: dict[str, str]) -> None:
    with contextlib.suppress(Fault):  # anything else is a defect
        assert isinstance(read(given_values), Wanted)
