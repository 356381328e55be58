"""The web console: server-rendered pages over the same actions that everybody calls.  It has no right of its own."""
