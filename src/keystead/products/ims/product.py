"""The product IMS.  Its actions are judged as `ram:<Action>`; policies may also write `ims:<Action>`."""

from __future__ import annotations

from typing import Annotated

from keystead.products.action import Product
from keystead.products.people.tagging import of_resource
from keystead.wire.parameters import Text, Whole

IMS = Product("Ims", "2019-08-15", "ram", target_tags=of_resource)

Comments = Annotated[str, Text(1, 128, doc="free text")]
Marker = Annotated[str, Text(1, 512, doc="what the page before answered")]
MaxItems = Annotated[int, Whole(1, 100, doc="how many on a page")]
