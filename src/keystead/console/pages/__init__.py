"""The pages: a file per place in the menu, each with its `PAGES`.  A new file is served without being named."""
