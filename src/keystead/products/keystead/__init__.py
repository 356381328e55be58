"""The product `keystead`: what is ours and the vendor has no API for."""
