"""What operators type: running the server, its first start, and calls to it.

Nothing here is imported by another part.  A module imports what is slow (rich, httpx, SQLAlchemy, `keystead.app`)
inside the command that needs it, so that `keystead version` and help stay quick; benchmarks/cli/startup.py
measures it.
"""
