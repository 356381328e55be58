"""The product IMS.  Its actions are judged as `ram:<Action>`; policies may also write `ims:<Action>`."""

from __future__ import annotations

from keystead.products.action import Product
from keystead.products.people.tagging import of_resource

IMS = Product("Ims", "2019-08-15", "ram", target_tags=of_resource)
