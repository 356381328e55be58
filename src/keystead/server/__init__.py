"""How a request arrives: the ASGI edge, the routing table, the pipeline on one page, audit queue, limits, metrics."""
