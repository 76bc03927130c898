"""The footer of a full screen."""

from textual.app import ComposeResult
from textual.widgets import Footer
from textual.widgets._footer import FooterKey


class KeyFooter(Footer, inherit_bindings=False):
    """The keys of a screen, each mounted with the spacing that it ends up with.

    Textual mounts keys as compact ones and then widens them, which styles every key three times.
    """

    def compose(self) -> ComposeResult:
        """Yield the keys."""
        for key in super().compose():
            if isinstance(key, FooterKey) and not key.has_class("-command-palette"):
                key.set_reactive(FooterKey.compact, self.compact)
            yield key
