"""Text for the terminal: sanitizing, clipboard, themes, display names."""
