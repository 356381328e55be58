"""The documents are tested like the program."""
