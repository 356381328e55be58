"""What travels: the request as it came, its parameters, the answers in the vendor's envelopes.  Pure."""
