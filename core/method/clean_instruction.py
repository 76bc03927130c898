"""The form in which instructions are stored and compared."""


def clean_instruction(text: str) -> str:
    """Collapse whitespace to single spaces and capitalize the first letter; all others keep their case."""
    text = " ".join(text.split())
    return text[:1].upper() + text[1:] if len(text[:1].upper()) == 1 else text
