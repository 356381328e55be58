"""One story, told by every client that people already have. `story` is the story, `test_story` says who tells it."""
