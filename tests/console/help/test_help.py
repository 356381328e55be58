"""The guides as the console has them: loaded, rendered, filled in, found; and a page for every error code."""

from __future__ import annotations

import re
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from keystead.console.help.codes import Codes, shown, tells
from keystead.console.help.here import ACCOUNT, WORKSPACE, Here, fill, here
from keystead.console.help.library import BESIDE, EXAMPLES, LANGUAGES, Library, root
from keystead.console.help.markdown import Setting, render
from keystead.console.help.search import MAX_HITS, entries, search

LIBRARY = Library(root())
ALL = sorted(LIBRARY.pages)
ENTRIES = list(entries(LIBRARY))
ELSEWHERE = Here("https://access.example.com", account="9876543210987654", workspace="llm-fedcba9876543210")


def html(language: str, name: str, where: Here = ELSEWHERE) -> str:
    page = LIBRARY.pages[language, name]
    return render(page.text, Setting(lambda link: LIBRARY.follow(page, link), where, page.headings))


class Outline(HTMLParser):
    """Collects what a page is made of, and fails where an element is not closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.ids += [str(given["id"])] if "id" in given else []
        self.links += [str(given["href"])] if tag == "a" else []
        if tag not in ("br", "hr", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert tag in ("br", "hr", "img") or self.open.pop() == tag


@pytest.mark.parametrize(("language", "name"), ALL)
def test_every_page_is_well_formed_and_no_link_is_dead(language: str, name: str) -> None:
    found = Outline(html(language, name))
    assert len(found.ids) == len(set(found.ids))
    assert found.ids == [each.anchor for each in LIBRARY.pages[language, name].headings]
    for link in found.links:
        if "://" in link:
            continue
        target, _, anchor = link.removeprefix("/console/help/").partition("#")
        if target.startswith("examples/"):
            assert LIBRARY.example(target.removeprefix("examples/"))
            continue
        page = LIBRARY.page(target, language)
        assert page is not None, link
        assert not anchor or anchor in {each.anchor for each in page.headings}, link


@pytest.mark.parametrize(("language", "name"), ALL)
def test_no_setting_of_a_fresh_start_is_left_where_the_server_is_another(language: str, name: str) -> None:
    if name not in BESIDE:
        code = "\n".join(re.findall(r"<code>(.*?)</code>", html(language, name), flags=re.DOTALL))
        for value in ("127.0.0.1:8420", "127.0.0.1:8443", "8420,", ACCOUNT, WORKSPACE):
            assert value not in code


def test_what_a_server_at_another_address_shows() -> None:
    guide = html("en", "first-call") + html("en", "clients")
    for line in (
        "endpoint=&quot;access.example.com&quot;",
        "protocol=&quot;https&quot;",
        "protocol: &#x27;https&#x27;",
        "protocol               = &quot;HTTPS&quot;",
        "port=443",
        "request.set_endpoint(&quot;access.example.com&quot;)",
        "request.set_protocol_type(&quot;https&quot;)",
        "base_url=&quot;https://access.example.com/compatible-mode/v1&quot;",
        "--endpoint https://access.example.com",
        "sts_endpoint=&quot;access.example.com&quot;",
    ):
        assert line in guide, line


def test_a_fresh_start_shows_what_the_files_say() -> None:
    for language, name in ALL:
        text = LIBRARY.pages[language, name].text
        assert fill(text, Here()) == text


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (here("https://k.example.com/", "http", "evil.example"), "https://k.example.com"),
        (here("", "http", "10.0.0.7:8420"), "http://10.0.0.7:8420"),
        (here("", "https", "keys.internal"), "https://keys.internal"),
        (here("", "http", "[2001:db8::7]:8420"), "http://[2001:db8::7]:8420"),
        (here("", "javascript", "localhost:1"), "http://localhost:1"),
    ],
)
def test_the_address_that_the_reader_came_by(where: Here, expected: str) -> None:
    assert where.endpoint == expected


@pytest.mark.parametrize(
    "host",
    ["", "a b", 'x"onload=', "<script>", "user@host", "host/path", "host:99999999", "host:", "a\r\nb", "x" * 300, "-a"],
)
def test_a_hostile_host_header_is_shown_to_nobody(host: str) -> None:
    assert here("", "http", host) == Here()


def test_the_parts_of_an_address() -> None:
    assert (Here("http://[2001:db8::7]:81").host, Here("http://[2001:db8::7]:81").port) == ("[2001:db8::7]", "81")
    assert (Here("https://[2001:db8::7]").host, Here("https://k.example").port) == ("[2001:db8::7]", "443")
    assert (Here("http://k.example:80").netloc, Here("http://k.example").port) == ("k.example:80", "80")


@pytest.mark.parametrize(
    ("text", "wanted", "unwanted"),
    [
        ("<script>alert(1)</script>", "&lt;script&gt;", "<script>"),
        ("[x](javascript:alert(1))", "[x](javascript:alert(1))", "<a"),
        ("`<b>`", "<code>&lt;b&gt;</code>", "<b>"),
        ("a<br>b", "a<br />\nb", "&lt;br"),
        ("<br onclick=x>", "&lt;br onclick=x&gt;", "<br"),
        ('```html\n"><script>\n```', 'data-copy="&quot;&gt;&lt;script&gt;', "<script>"),
        ('[x](https://e.example "a\\"b")', 'rel="noopener noreferrer"', "javascript"),
    ],
)
def test_no_html_passes(text: str, wanted: str, unwanted: str) -> None:
    found = render(text, Setting(lambda link: link, Here(), ()))
    assert wanted in found
    assert unwanted not in found


def test_a_page_that_is_in_english_only_is_shown_in_english() -> None:
    page = LIBRARY.page("reference/settings", "zh")
    assert page is not None
    assert page.language == "en"
    assert LIBRARY.page("nothing", "en") is None


def test_contextual_links_name_pages_and_headings_that_exist() -> None:
    assert LIBRARY.address("rotation", "an-api-key") == "/console/help/rotation#an-api-key"
    assert LIBRARY.address("workspaces") == "/console/help/workspaces"
    for wrong in (("rotation", "nowhere"), ("nothing", "")):
        with pytest.raises(KeyError):
            LIBRARY.address(*wrong)


def test_links_of_the_chinese_page_lead_to_the_anchor_that_both_have() -> None:
    page = LIBRARY.pages["zh", "access-keys"]
    assert LIBRARY.follow(page, "leaked-key.md#防止再次发生") == "/console/help/leaked-key#prevent-the-next-one"
    assert LIBRARY.follow(page, "../../../SECURITY.md#master-keys") == "/console/help/security#master-keys"


@pytest.mark.parametrize(
    ("query", "language", "name", "anchor"),
    [
        ("agentkey", "en", "workspaces", "agentkey-deprecated"),
        ("master keys", "en", "rotation", "master-keys"),
        ("SignatureDoesNotMatch", "en", "errors", "signaturedoesnotmatch"),
        ("查看业务空间 ID", "zh", "workspaces", "find-the-workspace-id"),
        ("怎么轮转密钥", "zh", "rotation", "rotate-keys"),
        ("泄露", "zh", "leaked-key", "a-key-has-leaked"),
        ("ＡｇｅｎｔＫｅｙ", "zh", "workspaces", "agentkey-deprecated"),
        ("access_key_max_age_days", "zh", "rotation", "make-rotation-a-rule"),
    ],
)
def test_search_finds_first_what_was_meant(query: str, language: str, name: str, anchor: str) -> None:
    best = search(query, ENTRIES, language)[0].entry
    assert (best.language in (language, "en"), best.name, best.anchor) == (True, name, anchor)


def test_search_prefers_the_readers_language_and_falls_back_to_the_other() -> None:
    for language in LANGUAGES:
        hits = search("AccessKey", ENTRIES, language)
        assert len(hits) == MAX_HITS
        assert hits[0].entry.language == language
    assert search("rotation", ENTRIES, "zh")[0].entry.name == "rotation"


@pytest.mark.parametrize("query", ["", "  ", "zzzqqq", "，。", "alice zzzqqq", "(((", "[]" * 50, "\0", "a" * 100_000])
def test_search_of_nothing_finds_nothing(query: str) -> None:
    assert search(query, ENTRIES, "en") == []


def test_excerpts_are_short_and_on_one_line() -> None:
    for hit in search("policy", ENTRIES, "en"):
        assert len(hit.excerpt) < 180
        assert "\n" not in hit.excerpt


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_has_something_to_say(language: str) -> None:
    codes = Codes(LIBRARY, language)
    assert len(codes.names) > 250
    for name in codes.names:
        code = codes.find(name)
        assert code is not None
        assert code.statuses
        assert code.cause or code.section or any(tells(said.message) or tells(said.next_step) for said in code.said)


def test_codes_that_depend_on_the_request_have_a_page_too() -> None:
    codes = Codes(LIBRARY, "en")
    for name in (
        "MissingUserName",
        "InvalidParameter.UserName.Length",
        "InvalidParameter.auth.accessIps",
        "NoPermission",
    ):
        assert codes.find(name) is not None, name
    assert codes.find("MissingAccessKeyId").said  # type: ignore[union-attr]
    for name in ("", "Nothing", "Missing", "Missing<b>", "InvalidParameter.", "../x", "Missing" + "x" * 200):
        assert codes.find(name) is None, name


def test_what_newcomers_meet_has_words_of_its_own() -> None:
    for language in LANGUAGES:
        codes = Codes(LIBRARY, language)
        for name in (
            "SignatureDoesNotMatch",
            "NoPermission",
            "InvalidTimeStamp.Expired",
            "InvalidAccessKeyId.NotFound",
        ):
            assert codes.find(name).section is not None  # type: ignore[union-attr]


def test_every_section_about_a_code_is_about_one_that_exists() -> None:
    codes = Codes(LIBRARY, "en")
    for heading in LIBRARY.pages["en", "errors"].headings:
        if heading.level == 3:
            assert heading.text in codes.names, heading.text


def test_templates_show_what_is_filled_in() -> None:
    assert shown('The <x> {name!r} & {{"a"}}') == 'The &lt;x&gt; <em>name</em> &amp; {"a"}'
    assert not tells("{why}")
    assert tells("No {why}")


def test_the_example_is_there() -> None:
    for name in EXAMPLES:
        text = LIBRARY.example(name)
        assert text is not None
        assert text.startswith("#!")
    assert LIBRARY.example("../../SECURITY.md") is None


def test_a_package_reads_its_own_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from keystead.console.help import library

    copy = tmp_path / "site-packages/keystead/console/help"
    (copy / "docs").mkdir(parents=True)
    monkeypatch.setattr(library, "__file__", str(copy / "library.py"))
    assert library.root() == copy
    assert sys.modules["keystead.console.help.library"] is library
