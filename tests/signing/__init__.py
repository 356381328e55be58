"""Tests of signing; the requests they use are in `messages`."""
