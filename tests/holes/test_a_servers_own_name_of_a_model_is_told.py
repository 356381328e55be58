"""A model server that names its model by a file's path had that path passed on to callers."""

from __future__ import annotations

import pytest

from keystead.gateway.compatible import PassingWriter

PATH = "/srv/secret/weights.gguf"


@pytest.mark.parametrize("space", ["", " "])
def test_callers_hear_their_own_name_only(space: str) -> None:
    writer = PassingWriter("mine")
    writer.upstream_model = "theirs"
    whole = f'{{"choices":[{{"message":{{"content":"x"}}}}],"model":{space}"{PATH}"}}'.encode()
    assert PATH.encode() not in writer.whole(whole)
    sent = writer.feed(f'data: {{"choices":[{{"delta":{{"content":"x"}}}}],"model":{space}"{PATH}"}}\n\n'.encode())
    assert PATH.encode() not in sent
    assert b'"mine"' in sent
