"""Help: the guides of `docs/` as pages, with the settings of this very server, and every error code with its own.

`library` loads the Markdown files, `markdown` renders them, `here` fills in this server's address, `search` finds,
`codes` knows the error codes.  Nothing in here asks the database or knows a caller.
"""
