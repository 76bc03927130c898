"""Text on its way to the terminal: made safe, coloured, named."""
