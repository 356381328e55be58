"""What can be asked: a folder per product, a file per resource.  An action is declared once, on its handler."""
