"""The product RAM and the shapes that several of its resources share."""

from __future__ import annotations

from typing import Annotated

from keystead.products.action import Product
from keystead.products.people.tagging import of_resource
from keystead.wire.parameters import Choice, Text, Whole

RAM = Product("Ram", "2015-05-01", "ram", target_tags=of_resource)

UserName = Annotated[str, Text(1, 64, r"[A-Za-z0-9._-]+", doc="letters, digits, '.', '_' and '-'")]
GroupName = Annotated[str, Text(1, 64, r"[A-Za-z0-9._-]+", doc="letters, digits, '.', '_' and '-'")]
RoleName = Annotated[str, Text(1, 64, r"[A-Za-z0-9.-]+", doc="letters, digits, '.' and '-'")]
PolicyName = Annotated[str, Text(1, 128, r"[A-Za-z0-9-]+", doc="letters, digits and '-'")]
PolicyType = Annotated[str, Choice(("System", "Custom"), fault="InvalidParameter.PolicyType")]
Comments = Annotated[str, Text(1, 128, doc="free text")]
Description = Annotated[str, Text(1, 1024, doc="free text")]
AccessKeyId = Annotated[str, Text(16, 128, r"[A-Za-z0-9.]+", doc="an AccessKey ID")]
Marker = Annotated[str, Text(1, 512, doc="what the page before answered")]
MaxItems = Annotated[int, Whole(1, 1000, doc="how many on a page")]
