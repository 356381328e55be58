"""On a Chinese page nothing is said in English: neither the pages' own words nor what the API answers and refuses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import httpx
import pytest

from keystead.console.texts import clauses, language
from keystead.faults import FaultKind
from keystead.identity import network_policy
from keystead.policy import DocumentKind, PolicyError, validate
from keystead.products.keystead.policy_documents import MALFORMED
from services.browser import PASSWORD, console_user
from services.server import Server

from . import clauses_in_code
from .furnished import Furnished
from .plain import Reader
from .test_every_form import FORMS
from .test_every_page import ROUTES, STATES

CHINESE = {"accept-language": "zh-CN,zh;q=0.9"}
NOT_SHOWN = {
    "Default Workspace": "a workspace's name",
    "Refused: not built. ": "the reference",
    "Refused: the vendor's own subscription. ": "the reference",
    "The code that verifies this address for the user {0} is {1}. It is good for ten minutes.\n": "a letter",
    "str | Bare | list[Node] | dict[str, Node] | None": "a type",
    "Valid until {{until}}; they may what you may, and end with you.": "a text of the shell",
    "{0}`keystead {1} --help` lists them.": "a sentence with what may stand before it",
    "multilingual-e5-small (embedded)": "a name",
    "one of ": "a clause with what follows it",
    " can only be given to view": "a clause with what stands before it",
}
"""What looks like a clause and is none, with the reason."""

LEAVES = re.compile(
    r"<(script|style|pre|code|textarea|svg|title)\b.*?</\1>|<[^>]*\blang=\"en\"[^>]*>[^<]*<|<[^>]*>", re.DOTALL
)
ENGLISH = re.compile(r"\b[A-Za-z]+(?:'[a-z]+)?(?:[,;:]? [a-z]+(?:'[a-z]+)?){2,}")
"""Three words in a row of which no later one is a name; names, codes and values stand alone or in code."""


def test_every_clause_of_a_refusal_is_translated() -> None:
    table = language("zh").table
    made = {text: where for text, where in clauses_in_code.clauses().items() if text not in NOT_SHOWN}
    assert len(made) > 400
    missing = {text: where for text, where in made.items() if text.strip() not in {*map(str.strip, table)}}
    assert not missing, "\n".join(f"{where}: {text!r}" for text, where in missing.items())


def test_a_fault_is_said_from_its_declaration_whatever_fills_it() -> None:
    kind = FaultKind("X", 400, "The user {name} may not be deleted while it has AccessKey pairs.")
    zh = language("zh")
    declared = next(text for text in zh.table if text.startswith("The user does not exist"))
    for hostile in ("{name}", "{0.__class__}", "%s", "<b>", "a b"):
        fault = FaultKind("X", 404, declared)(name=hostile)
        assert hostile in clauses.message(zh, fault)
        assert hostile in clauses.message(language("en"), fault) == fault.message
    assert clauses.message(zh, kind(name="alice")) == "The user alice may not be deleted while it has AccessKey pairs."


@pytest.mark.parametrize(
    "document",
    [
        "{",
        "[]",
        '{"Version":"2","Statement":[]}',
        '{"Version":"1","Statement":[{"Effect":"Alow","Action":"x","Resource":"*"}]}',
        '{"Version":"1","Statement":[{"Effect":"Allow","Action":"x","Resource":"*"}]}',
        '{"Version":"1","Statement":[{"Effect":"Allow","Action":"ram:*","Resource":"*","Principal":{}}]}',
        '{"Version":"1","Statement":[{"Effect":"Allow","Action":"ram:*","Resource":"*","Condition":{"Like":{"a:b":"c"}}}]}',
        '{"Version":"1","Statement":[{"Effect":"Allow","NotResource":"*","Action":"ram:*"}]}',
    ],
)
def test_what_is_wrong_with_a_policy_is_said_in_chinese(document: str) -> None:
    with pytest.raises(PolicyError) as refused:
        validate(document, DocumentKind.IDENTITY)
    said = clauses.message(language("zh"), MALFORMED(reason=refused.value))
    assert not english(said), said
    assert said.startswith(("权限策略无效。第 1 行第",))


def english(text: str) -> list[str]:
    """Runs of English words in a text."""
    return [
        run for run in ENGLISH.findall(re.sub(r"`[^`]*`", "`", text)) if not any(run.startswith(name) for name in NAMES)
    ]


NAMES = frozenset({"so that no page is empty", "Parse error at column", "bailian, bailiancontrol"})
"""What somebody typed, what a library says of a JMESPath, a list of products."""


def _shown(page: str) -> str:
    """What a page shows in words of its own: neither code, nor what is marked as English."""
    body = page.partition("<main")[2] or page
    return unescape(LEAVES.sub(" ¦ ", body))


@pytest.fixture(scope="module")
def reader(furnished: Furnished) -> Iterator[Reader]:
    furnished.prove()
    client = httpx.Client(trust_env=False, timeout=60, headers=CHINESE, cookies=furnished.reader.client.cookies)
    yield Reader(furnished.server, client)
    client.close()


@pytest.mark.parametrize("route", [route for route in [*ROUTES, *STATES] if not route.startswith("/help")])
def test_a_page_has_no_english_sentence(furnished: Furnished, reader: Reader, route: str) -> None:
    reader.get(furnished.address(route))
    assert '<html lang="zh"' in reader.page
    assert not english(_shown(reader.page)), reader.address


@pytest.fixture(scope="module")
def nobody(_console: Server) -> Iterator[Reader]:
    made = Reader(_console, httpx.Client(trust_env=False, timeout=60, headers=CHINESE))
    made.sign_in(console_user(_console, "nobody-in-chinese"))
    made.get("/")
    made.post("/verify", _proof=PASSWORD)
    yield made
    made.client.close()


@pytest.mark.parametrize("route", FORMS)
def test_a_refused_form_has_no_english_sentence(furnished: Furnished, nobody: Reader, route: str) -> None:
    fields = {name: furnished.fill(value) for name, value in FORMS[route][0].items()}
    nobody.get("/workspaces")
    nobody.post(furnished.address(route).partition("?")[0], **fields)
    assert not english(_shown(nobody.page)), nobody.address


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("ram create-user", "CreateUser 缺少参数 --user-name。"),
        ("ram create-user --user-name 'a b'", "参数 UserName 不符合格式"),
        ("ram get-user --user-name nobody-here", "nobody-here"),
        ("ram create-user --nonsense 1", "没有参数"),
        ("ram no-such-action", "没有操作"),
        ("nonsense", "没有产品"),
        ("ram 'get", "无法解析该行"),
        ("ram list-users --output xml", "必须是 json 或 table"),
        ("ram list-users --query ']['", "JMESPath"),
        ("help", "按 Tab 键补全"),
    ],
)
def test_the_cloud_shell_says_in_chinese_what_is_wrong(reader: Reader, line: str, said: str) -> None:
    reader.get("/shell")
    reader.post("/shell", line=line)
    answer = unescape(reader.page.partition("<main")[2])
    assert said in answer
    lines = [each for each in re.sub(r"<[^>]*>", "", answer).splitlines() if not each.startswith("原文")]
    assert not english("\n".join(lines)), lines


@pytest.mark.parametrize(
    ("path", "fields", "said"),
    [
        ("/groups/new", {"GroupName": "a b"}, "参数 GroupName 不符合格式"),
        ("/groups/new", {"GroupName": "g" * 80}, "有 80 个字符；允许"),
        ("/groups/new", {"GroupName": ""}, "该操作必须提供 GroupName。"),
        ("/policies/new", {"PolicyName": "p-bad", "PolicyDocument": "{"}, "策略文档在此处结束"),
        ("/workspaces", {"workspaceName": ""}, "该操作必须提供 workspaceName。"),
    ],
)
def test_what_is_wrong_in_a_form_is_said_in_chinese(
    furnished: Furnished, reader: Reader, path: str, fields: dict[str, str], said: str
) -> None:
    furnished.prove()
    reader.get(path)
    reader.post(path, **fields)
    assert reader.status == 400
    assert said in unescape(reader.page)
    assert not english(_shown(reader.page)), reader.text


def test_the_original_stands_beside_a_refusal(reader: Reader, nobody: Reader) -> None:
    page = nobody.get("/users")
    assert "您没有权限执行该操作。" in page
    assert "You are not authorized to do this action. Resource: acs:ram:*:" in page
    assert "NoPermission" in page


def test_a_network_policy_is_refused_in_chinese() -> None:
    assert network_policy.MALFORMED.message in language("zh").table
