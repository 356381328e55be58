"""Statements of lists that are searched, filtered, sorted and paged by number; a file per kind of thing."""
