"""IMS 2019-08-15: the second face of the same people, and what only it has."""
