"""The tags of users as IMS takes them: values are shorter than those of roles.  Source: reference/ram-actions.json."""

from __future__ import annotations

from typing import Annotated

from keystead.products.people.tagging import TagFilter, TagInput
from keystead.wire.parameters import Items, Text

UserTagValue = Annotated[
    str,
    Text(
        0,
        128,
        r"(?!acs:)(?!.*https?://)[^\x00-\x1f]*",
        fault="InvalidParameter.Tag.Value",
        doc="not starting with 'acs:', without 'http://' and 'https://'",
    ),
]


class UserTagInput(TagInput, frozen=True):
    """A tag to put on a user."""

    value: UserTagValue = ""


UserTags = Annotated[tuple[UserTagInput, ...], Items(20, doc="tags")]
UserTagFilters = Annotated[tuple[TagFilter, ...], Items(20, doc="tags to look for")]
