"""What is refused when it is written: position, reason, next step."""

from __future__ import annotations

import json
from typing import Any

import pytest

from keystead.policy import DOCUMENTED_OPERATORS, DocumentKind, PolicyError, compile_policy, validate
from policy import building

IDENTITY, TRUST, SESSION, CONTROL = (
    DocumentKind.IDENTITY,
    DocumentKind.TRUST,
    DocumentKind.SESSION,
    DocumentKind.CONTROL,
)


def refusal(text: str, kind: DocumentKind = IDENTITY, **more: Any) -> PolicyError:
    with pytest.raises(PolicyError) as caught:
        validate(text, kind, **more)
    return caught.value


def statement(inner: str) -> str:
    """A document with one statement."""
    return '{"Version":"1", "Statement": [{' + inner + "}]}"


def position(error: PolicyError) -> tuple[int, int, str]:
    return error.line, error.column, error.path


ALLOW = '"Effect":"Allow"'
ACTION = '"Action":"ram:GetUser"'
RESOURCE = '"Resource":"*"'
BASE = f"{ALLOW},{ACTION},{RESOURCE},"

JSON_CASES = [
    ("", 1, 1, "the document ends here where JSON needs a value"),
    ("   ", 1, 4, "the document ends here"),
    ("\ufeff{}", 1, 1, "byte order mark"),
    ("{", 1, 2, "a key in double quotes"),
    ('{"a"', 1, 5, '":"'),
    ('{"a":1', 1, 7, '"," or "}"'),
    ('{"a":1,}', 1, 8, "a key in double quotes"),
    ('{"a":[1', 1, 8, '"," or "]"'),
    ('{"a":[1,]}', 1, 9, "a value"),
    ("{'a':1}", 1, 2, "a key in double quotes"),
    ('{"a":1}x', 1, 8, "text follows the end"),
    ('{"a":NaN}', 1, 6, '"N" stands here'),
    ('{"a":Infinity}', 1, 6, "a value"),
    ('{"a":-Infinity}', 1, 6, "a value"),
    ('{"a":01}', 1, 7, '"," or "}"'),
    ('{"a":truth}', 1, 6, "a value"),
    ('{"a":1,\n "a":2}', 2, 2, 'the key "a" stands twice'),
    ('{"a":1,\n "\\u0061":2}', 2, 2, 'the key "a" stands twice'),
    ('{"a":"b', 1, 6, "this string has no end"),
    ('{"a":"b\n"}', 1, 8, "control character"),
    ('{"a":"\\x"}', 1, 7, "no such escape"),
    ('{"a":"\\u12g4"}', 1, 7, "four hexadecimal digits"),
    ('{"a":"\\ud800"}', 1, 7, "lone surrogate"),
    ('{"a":"\\udc00\\ud800"}', 1, 7, "lone surrogate"),
    ('{"a":"\\ud800\\u0041"}', 1, 7, "lone surrogate"),
    ('{"a":"\ud800"}', 1, 7, "lone surrogate"),
    ("[" * 13 + "]" * 13, 1, 13, "nested deeper than 12"),
    ("[" * 60_000, 1, 13, "nested deeper than 12"),
    ("x" * 65_537, 1, 65_537, "more than 65536"),
    ("[]", 1, 1, "a policy document is not an object"),
    ("1", 1, 1, "a policy document is not an object"),
    ("null", 1, 1, "a policy document is not an object"),
]


@pytest.mark.parametrize(("text", "line", "column", "reason"), JSON_CASES)
def test_json_is_refused_at_its_place(text: str, line: int, column: int, reason: str) -> None:
    error = refusal(text)
    assert (error.line, error.column) == (line, column)
    assert reason in error.reason


SHAPE_CASES = [
    ("^{}", "", 'no "Version"'),
    ('^{"Version":"1"}', "", 'no "Statement"'),
    ('{"Version":^"2","Statement":[]}', "Version", 'not the string "1"'),
    ('{"Version":^1,"Statement":[]}', "Version", 'not the string "1"'),
    ('{"Version":"1","Statement":^[]}', "Statement", "no statement"),
    ('{"Version":"1","Statement":[^1]}', "Statement[0]", "not an object"),
    ('{"Version":"1","Statement":[],^"X":1}', "X", '"X" is not a key of a policy document'),
    ('{^"version":"1","Statement":[]}', "version", "not a key"),
    ('{"Version":"1","Id":^1,"Statement":[]}', "Id", "not a string"),
    ('{"Version":"1",\n"Statement":^{' + BASE[:-1] + "}}", "Statement", "not a list"),
    ('{"Version":"1","Statement":[{' + BASE[:-1] + "},\n ^{}]}", "Statement[1]", "no Action"),
    (statement("^"), "Statement[0]", "no Action"),
    (statement(f"^{ACTION},{RESOURCE}"), "Statement[0]", "no Effect"),
    (statement(f'"Effect":^"allow",{ACTION},{RESOURCE}'), "Statement[0].Effect", '"allow" is not an effect'),
    (statement(f'"Effect":\r\n^true,{ACTION},{RESOURCE}'), "Statement[0].Effect", "not an effect"),
    (statement(f"^{ALLOW},{RESOURCE}"), "Statement[0]", "no Action"),
    (statement(f"^{ALLOW},{ACTION}"), "Statement[0]", "no Resource"),
    (statement(f'^{BASE}"NotAction":"a:b"'), "Statement[0]", "both Action and NotAction"),
    (statement(f'^{BASE}"NotResource":"*"'), "Statement[0]", "both Resource and NotResource"),
    (statement(f'{ALLOW},{ACTION},"NotResource":^"*"'), "Statement[0].NotResource", "not part of"),
    (statement(f'{ALLOW},"Action":^[],{RESOURCE}'), "Statement[0].Action", "list is empty"),
    (statement(f'{ALLOW},"Action":["a:b",^7],{RESOURCE}'), "Statement[0].Action[1]", "not a string"),
    (statement(f'{ALLOW},"Action":^"GetUser",{RESOURCE}'), "Statement[0].Action", "is not an action"),
    (statement(f'{ALLOW},"Action":^"",{RESOURCE}'), "Statement[0].Action", "is not an action"),
    (statement(f'{ALLOW},"Action":^"ram:",{RESOURCE}'), "Statement[0].Action", "is not an action"),
    (statement(f'{ALLOW},"Action":^"ram: *",{RESOURCE}'), "Statement[0].Action", "is not an action"),
    (statement(f'{ALLOW},{ACTION},"Resource":^"user/a"'), "Statement[0].Resource", "is not a resource"),
    (statement(f'{ALLOW},{ACTION},"Resource":^"acs:ram:a"'), "Statement[0].Resource", "is not a resource"),
    (statement(f'{ALLOW},{ACTION},"Resource":["*",^""]'), "Statement[0].Resource[1]", "is not a resource"),
    (statement(f'{BASE}"Sid":^1'), "Statement[0].Sid", "not a string"),
    (statement(f'{BASE}^"Conditions":{{}}'), "Statement[0].Conditions", "not a key of a statement"),
    (statement(f'{BASE}^"Principal":{{"RAM":"x"}}'), "Statement[0].Principal", "has no Principal"),
    (statement(f'{BASE}"Condition":^[]'), "Statement[0].Condition", "not an object"),
    (
        statement(f'{BASE}"Condition":{{^"StringEqual":{{"acs:Service":"x"}}}}'),
        *("Statement[0].Condition.StringEqual", '"StringEqual" is not a condition operator'),
    ),
    (
        statement(f'{BASE}"Condition":{{"StringEquals":^"x"}}'),
        *("Statement[0].Condition.StringEquals", "not an object"),
    ),
    (
        statement(f'{BASE}"Condition":{{"StringEquals":{{^"Service":"x"}}}}'),
        *("Statement[0].Condition.StringEquals.Service", '"Service" is not a condition key'),
    ),
    (
        statement(f'{BASE}"Condition":{{"StringEquals":{{"a:b":^[]}}}}'),
        *("Statement[0].Condition.StringEquals.a:b", "list is empty"),
    ),
    (
        statement(f'{BASE}"Condition":{{"StringEquals":{{"a:b":^null}}}}'),
        *("Statement[0].Condition.StringEquals.a:b", "not a string"),
    ),
    (
        statement(f'{BASE}"Condition":{{"IpAddress":\n {{"acs:SourceIp":["::1",\n^"10.0.0.0/33"]}}}}'),
        *("Statement[0].Condition.IpAddress.acs:SourceIp[1]", 'cannot compare with "10.0.0.0/33"'),
    ),
]
"""A circumflex marks the place that the error must name; one at the start of a statement means its brace."""


@pytest.mark.parametrize(("marked", "path", "reason"), SHAPE_CASES)
def test_shape_is_refused_at_its_place(marked: str, path: str, reason: str) -> None:
    before, _, after = marked.partition("^")
    error = refusal(before + after)
    line, column = before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1
    if path == "Statement[0]" and before.endswith("{"):
        column -= 1
    assert position(error) == (line, column, path)
    assert reason in error.reason


def test_the_error_is_one_sentence_with_position_reason_and_next_step() -> None:
    error = refusal(statement(f'"Effect":"Alow",{ACTION},{RESOURCE}'))
    assert str(error) == (
        'Line 1, column 41, in Statement[0].Effect: "Alow" is not an effect; write "Allow" or "Deny".'
    )


def test_the_error_cuts_long_texts_and_escapes_odd_ones() -> None:
    assert len(str(refusal(building.text_of(building.allow("x" * 1000))))) < 250
    assert "\n" not in str(refusal(building.text_of({"a\nb": 1})))
    assert str(refusal(building.text_of({"": 1})))


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("NumericEquals", "ten"),
        ("NumericEquals", "0x10"),
        ("NumericLessThan", "1e9999"),
        ("NumericEquals", "\u0661"),
        ("NumericEquals", ""),
        ("DateEquals", "tomorrow"),
        ("DateEquals", "2030-13-01T00:00:00Z"),
        ("DateEquals", "2030-01-01T00:00:00+25:00"),
        ("DateEquals", "1893456000"),
        ("Bool", "yes"),
        ("IpAddress", "10.0.0"),
        ("IpAddress", "10.0.0.0/255.0.0.0"),
        ("IpAddress", "fe80::1%eth0"),
        ("NotIpAddress", "10.0.0.0/-1"),
        ("IpAddress", "::ffff:10.0.0.0/95"),
    ],
)
def test_values_that_cannot_be_compared_are_refused(written: str, value: str) -> None:
    error = refusal(building.text_of(building.allow(Condition={written: {"acs:X": [value]}})))
    assert error.path == f"Statement[0].Condition.{written}.acs:X[0]"
    assert "cannot compare" in error.reason


@pytest.mark.parametrize("name", DOCUMENTED_OPERATORS)
@pytest.mark.parametrize("spelling", [str, str.lower, str.upper])
def test_documented_operators_are_accepted_in_any_case(name: str, spelling: Any) -> None:
    value = next(
        (
            text
            for start, text in (("Num", "1"), ("Date", "2030-01-01T00:00:00Z"), ("Bool", "true"))
            if name.startswith(start)
        ),
        "10.0.0.0/8",
    )
    validate(building.text_of(building.allow(Condition={spelling(name): {"acs:X": value}})), IDENTITY)


@pytest.mark.parametrize(
    "name",
    [
        *("StringEqualsIfExists", "BoolIfExists", "Null", "ForAnyValue:StringLike"),
        *("ForAllValues:StringNotEqualsIfExists", "ForAllValues:IpAddress"),
    ],
)
def test_extensions_need_their_switch(name: str) -> None:
    value = "10.0.0.1" if "Ip" in name else "true"
    text = building.text_of(building.allow(Condition={name: {"acs:X": value}}))
    assert "is not a condition operator" in refusal(text).reason
    validate(text, IDENTITY, extensions=True)


@pytest.mark.parametrize(
    "name",
    [
        *("ArnEquals", "ArnLike", "ArnNotLikeIfExists", "BinaryEquals", "NullIfExists", "ForAnyValue:Null"),
        *("", "IfExists", "ForAnyValue:", "ForAllValues:ForAnyValue:StringEquals", "StringEqualsIfExistsIfExists"),
    ],
)
def test_other_operators_are_refused_even_with_the_switch(name: str) -> None:
    text = building.text_of(building.allow(Condition={name: {"acs:X": "true"}}))
    assert "is not a condition operator" in refusal(text, extensions=True).reason
    compile_policy(text)


def test_not_resource_needs_the_switch() -> None:
    text = building.text_of({"Effect": "Deny", "Action": "*", "NotResource": "acs:oss:*"})
    assert "NotResource" in refusal(text).reason
    validate(text, IDENTITY, extensions=True)


@pytest.mark.parametrize("kind", [IDENTITY, SESSION, CONTROL])
def test_sound_permission_policies_are_accepted(kind: DocumentKind) -> None:
    text = json.dumps(
        {
            "Statement": [
                {
                    "Sid": "one",
                    "Action": ["ram:*", "*", "ram*", "slb:*Describe*", "a:b/c:d"],
                    "Resource": ["*", "acs:ram:*:1:user/a", "acs:oss:*", "*:bucket", "acs:a::1:b:c"],
                    "Effect": "Deny",
                    "Condition": {},
                },
                {
                    "NotAction": "a:b",
                    "Resource": "*",
                    "Effect": "Allow",
                    "Condition": {"Bool": {"a:b": True}, "NumericEquals": {"a:b": [1, 2.5, "3"]}},
                },
            ],
            "Id": "x",
            "Version": "1",
        }
    )
    validate(text, kind)
    validate(" \r\n\t" + text + "\n", kind)


def trust(**more: Any) -> str:
    sound = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"RAM": "acs:ram::1:root"}}
    return building.text_of({key: value for key, value in {**sound, **more}.items() if value is not None})


@pytest.mark.parametrize(
    "principal",
    [
        {"RAM": ["acs:ram::1:root", "acs:ram::2:user/a", "acs:ram:*:1:role/b"]},
        {"Service": ["ecs.aliyuncs.com", "1@x.aliyuncs.com"]},
        {"Federated": ["acs:ram::1:saml-provider/a", "acs:ram::1:oidc-provider/b"], "RAM": "acs:ram::1:root"},
    ],
)
def test_sound_trust_policies_are_accepted(principal: Any) -> None:
    validate(trust(Principal=principal, Action=["sts:assumerole", "sts:SetSourceIdentity"]), TRUST)


@pytest.mark.parametrize(
    ("more", "path", "reason"),
    [
        ({"Principal": None}, "Statement[0]", "no Principal"),
        ({"Principal": {}}, "Statement[0].Principal", "names nobody"),
        ({"Principal": "*"}, "Statement[0].Principal", "not an object"),
        ({"Principal": {"ram": "acs:ram::1:root"}}, "Statement[0].Principal.ram", "not a key"),
        ({"Principal": {"RAM": []}}, "Statement[0].Principal.RAM", "empty"),
        ({"Principal": {"RAM": "*"}}, "Statement[0].Principal.RAM", "not a RAM principal"),
        ({"Principal": {"RAM": "1"}}, "Statement[0].Principal.RAM", "not a RAM principal"),
        ({"Principal": {"RAM": "acs:ram::*:root"}}, "Statement[0].Principal.RAM", "not a RAM principal"),
        ({"Principal": {"RAM": "acs:ram::1:user/*"}}, "Statement[0].Principal.RAM", "not a RAM principal"),
        ({"Principal": {"RAM": "acs:ram::1:user/"}}, "Statement[0].Principal.RAM", "not a RAM principal"),
        ({"Principal": {"RAM": "acs:ram::1:group/g"}}, "Statement[0].Principal.RAM", "not a RAM principal"),
        ({"Principal": {"Service": "*"}}, "Statement[0].Principal.Service", "not a service name"),
        ({"Principal": {"Federated": ["acs:ram::1:root"]}}, "Statement[0].Principal.Federated[0]", "not a Federated"),
        ({"Resource": "*"}, "Statement[0].Resource", "has no Resource"),
        ({"Action": "ram:GetUser"}, "Statement[0].Action", "not an action of trust policies"),
        ({"Action": "sts:*"}, "Statement[0].Action", "not an action of trust policies"),
        ({"Action": None, "NotAction": "sts:AssumeRole"}, "Statement[0].NotAction", "has no NotAction"),
    ],
)
def test_unsound_trust_policies_are_refused(more: dict[str, Any], path: str, reason: str) -> None:
    error = refusal(trust(**more), TRUST)
    assert error.path == path
    assert reason in error.reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (building.text_of(*[building.allow()] * 1001), "more than 1000 statements"),
        (building.text_of(building.allow(["*"] * 1001)), "more than 1000 values"),
        (building.text_of(building.allow(resource=["*"] * 1001)), "more than 1000 values"),
        (building.text_of(building.allow("*" * 1025)), "longer than 1024"),
        (building.text_of(building.allow(Condition={"Bool": {"a:b": ["true"] * 1001}})), "more than 1000 values"),
        (
            building.text_of(building.allow(Condition={"Bool": {f"a:b{n}": "true" for n in range(101)}})),
            "more than 100 conditions",
        ),
    ],
)
def test_bounds(text: str, reason: str) -> None:
    assert reason in refusal(text).reason
    with pytest.raises(PolicyError, match=reason):
        compile_policy(text)
