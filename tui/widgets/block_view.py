"""A scrollable page of text blocks, some of them selectable, as a single widget of any length."""

import re
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from textual import events
from textual.binding import BindingType
from textual.content import Content
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip
from textual.timer import Timer
from textual.visual import Visual

from selfinstruct.core.util.lru_cache import LRUCache
from selfinstruct.tui.keys.own_keys import bindings
from selfinstruct.tui.widgets.cached_lines import LineView

_GAP = 2
_REST_S = 0.3
"""Debounce in seconds before lines out of view are wrapped, so that held keys do not wait for them."""

_CACHED_LINES = 5000
"""Capacity of the LRU cache of wrapped lines."""

_UNSPACED = re.compile(r"\s([\u3041-\u30ff\u3400-\u9fff\uff01-\uff9f])")
"""A letter of a script without spaces, after a space."""
_NOT_AT_LINE_START = frozenset("、。，．・：；？！」』）】〉》ーぁぃぅぇぉっゃゅょァィゥェォッャュョ")
"""Characters that must not start a line (kinsoku)."""


@dataclass(frozen=True, slots=True)
class Block:
    """A text block, rendered lazily when it comes into view."""

    made_of: Hashable
    """Cache key: blocks with equal keys look the same."""
    content: Callable[[], Content] = field(compare=False)
    beside: Callable[[], Content] | None = field(default=None, compare=False)
    """Shown to its left, line by line, if there is room or the block is selected."""
    choice: int | None = None
    """The choice that selecting the block makes; None if it is not selectable."""

    @classmethod
    def of(cls, content: Content, *, choice: int | None = None) -> "Block":
        """Create a block from existing content."""
        return cls((content.plain, *content.spans), lambda: content, choice=choice)


def filling(content: Content, width: int) -> Content:
    """Break text of a script without spaces so that it starts on the line of the text before it.

    Lines are otherwise broken at spaces only, which would leave a label alone on its line.

    Args:
        content: Text in any script.
        width: Line width in cells.
    """
    plain = content.plain
    begins = _UNSPACED.search(plain.split("\n", 1)[0])
    if begins is None:
        return content
    start, room = begins.start(1), width - cell_len(plain[: begins.start(1)])
    end, used = start, 0
    while end < len(plain) and (used := used + cell_len(plain[end])) <= room:
        end += 1
    if end == len(plain) or "\n" in plain[start:end] or " " in plain[start:end]:
        return content
    while end > start and plain[end] in _NOT_AT_LINE_START:
        end -= 1
    return Content.assemble(content[:end], "\n", content[end:]) if end > start else content


class BlockView(LineView, can_focus=True):
    """Shows blocks below each other, wrapped to its width.

    The keys of the screen move between choices and take them; its own keys scroll.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"block--chosen"}
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("detail")]
    WIDE: ClassVar[int] = 90
    """Minimum width in cells for showing what is beside every block."""

    class Taken(Message):
        """The person has taken a choice."""

        def __init__(self, choice: int) -> None:
            super().__init__()
            self.choice = choice

    def __init__(self, *, id: str) -> None:  # noqa: A002 - Textual's
        super().__init__(id=id)
        # The content is untrusted, so it must not contain clickable links.
        self.set_reactive(BlockView.auto_links, False)
        self._blocks: tuple[Block, ...] = ()
        self._chosen: int | None = None
        self._rest: Timer | None = None
        self._wrapped: LRUCache[Hashable, list[Strip]] = LRUCache(_CACHED_LINES)
        self._lines: list[Strip] = []
        self._starts: list[int] = []

    def on_mount(self) -> None:
        """Set up the timer that lays out the rest of the page."""
        self._rest = self.set_interval(_REST_S, self._lay_out_rest, pause=True)
        self._lay_out()

    @property
    def blocks(self) -> Sequence[Block]:
        """The blocks, from top to bottom."""
        return self._blocks

    @property
    def allow_vertical_scroll(self) -> bool:
        """Always true, so that scrolling keys never fall through to the list beside this page."""
        return True

    def show_blocks(self, blocks: Sequence[Block], *, anew: bool) -> None:
        """Show these blocks; `anew` scrolls to the top and clears the selection."""
        if anew:
            self._chosen = None
            self.scroll_to(y=0, animate=False, force=True)
        if tuple(blocks) != self._blocks or anew:
            self._blocks = tuple(blocks)
            if self._chosen is not None and not self._choosable(self._chosen):
                self._chosen = None
            self._lay_out()

    def _choosable(self, place: int) -> bool:
        return place < len(self._blocks) and self._blocks[place].choice is not None

    def wrap_ahead(self, blocks: Sequence[Block]) -> None:
        """Prefetch: wrap the lines of these blocks that would be in view, so that showing them is instant."""
        lines = 0
        for block in blocks:
            if lines > self.size.height or self._width <= 0:
                return
            lines += len(self._lines_of(block, chosen=False))

    def notify_style_update(self) -> None:
        """Redraw in the new colours."""
        super().notify_style_update()
        self._wrapped.clear()
        self._lay_out()

    def on_resize(self) -> None:
        """Wrap to the new width."""
        self._lay_out()

    def on_blur(self) -> None:
        """Clear the selection when the focus is lost."""
        self._choose(None)

    def _lay_out(self) -> None:
        """Wrap the lines in view immediately, and defer the rest and the virtual size.

        A change of the virtual size triggers a layout of the whole screen, which takes longer than this.
        """
        if self._rest is None:
            return
        self._lines, self._starts = [], []
        self._lay_out_to(round(self.scroll_y) + self.size.height)
        self._rest.reset()
        self._rest.resume()
        self.refresh()

    def _lay_out_rest(self) -> None:
        if self._rest is not None:
            self._rest.pause()
        self._lay_out_to(None)
        self.virtual_size = Size(self._width, len(self._lines))

    def _lay_out_to(self, line: int | None) -> None:
        """Wrap blocks up to this line; None wraps all."""
        if self._width <= 0:
            return
        for place in range(len(self._starts), len(self._blocks)):
            if line is not None and len(self._lines) > line:
                return
            self._starts.append(len(self._lines))
            self._lines += self._lines_of(self._blocks[place], chosen=place == self._chosen)

    def _lines_of(self, block: Block, *, chosen: bool) -> list[Strip]:
        """Return the wrapped lines of a block, from the cache if possible."""
        width, full = self._width, self.scrollable_content_region.width
        key = (block.made_of, chosen, width)
        lines = self._wrapped.get(key)
        if lines is None:
            plain = self.rich_style
            lines = self._strips(block, width, chosen=chosen)
            if chosen:
                style = self.get_component_rich_style("block--chosen")
                lines = [one.adjust_cell_length(width, plain).apply_style(style) for one in lines]
            lines = [one.adjust_cell_length(full, plain) for one in lines]
            self._wrapped.put(key, lines, weight=len(lines) + 1)
        return lines

    @property
    def _width(self) -> int:
        # One column of padding before the scrollbar.
        return self.scrollable_content_region.width - 1

    def _strips(self, block: Block, width: int, *, chosen: bool) -> list[Strip]:
        if block.beside is None or not (chosen or width >= self.WIDE):
            return self._wrap(block.content(), width)
        half = (width - _GAP) // 2
        left, right = self._wrap(block.beside(), half), self._wrap(block.content(), half)
        height = max(len(left), len(right))
        blank = Strip.blank(half, self.rich_style)
        left += [blank] * (height - len(left))
        right += [blank] * (height - len(right))
        gap = Strip([Segment(" " * _GAP, self.rich_style)])
        return [
            Strip.join([one.adjust_cell_length(half, self.rich_style), gap, other])
            for one, other in zip(left, right, strict=True)
        ]

    def _wrap(self, content: Content, width: int) -> list[Strip]:
        return Visual.to_strips(self, filling(content, width), width, None, self.visual_style)

    def render_line(self, y: int) -> Strip:
        """Return one line of the page."""
        line = y + round(self.scroll_y)
        if line < len(self._lines):
            return self._lines[line]
        if len(self._starts) < len(self._blocks):
            self.call_later(self._lay_out_rest)
        return Strip.blank(self.scrollable_content_region.width, self.rich_style)

    # Selection

    def move_by(self, choices: int) -> None:
        """Select another choice, `choices` further down, or up if negative."""
        self._lay_out_rest()
        places = [place for place in range(len(self._blocks)) if self._choosable(place)]
        if not places:
            return
        if self._chosen is None:
            self._choose(places[0] if choices > 0 else places[-1])
            return
        at = places.index(self._chosen) + choices
        if 0 <= at < len(places):
            self._choose(places[at])

    def _choose(self, place: int | None) -> None:
        if place == self._chosen:
            return
        self._chosen = place
        self._lay_out()
        if place is not None:
            self._lay_out_rest()
            start = self._starts[place]
            end = self._starts[place + 1] if place + 1 < len(self._starts) else len(self._lines)
            self.scroll_to_region(Region(0, start, 1, end - start), animate=False, force=True)

    def move_page(self, pages: int) -> None:
        """Scroll down by pages, or up if negative."""
        self.scroll_relative(y=pages * self.size.height, animate=False)

    def move_home(self) -> None:
        """Scroll to the top."""
        self.scroll_home(animate=False)

    def move_end(self) -> None:
        """Scroll to the bottom."""
        self.scroll_end(animate=False)

    def take(self) -> bool:
        """Take the selected choice; returns whether there is one."""
        choice = None if self._chosen is None else self._blocks[self._chosen].choice
        if choice is not None:
            self.post_message(self.Taken(choice))
        return choice is not None

    def on_click(self, event: events.Click) -> None:
        """Select the clicked block; a double click takes it."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        line = offset.y + round(self.scroll_y)
        place = next((at for at in reversed(range(len(self._starts))) if self._starts[at] <= line), None)
        if place is not None and self._choosable(place):
            self._choose(place)
            if event.chain > 1 and (choice := self._blocks[place].choice) is not None:
                self.post_message(self.Taken(choice))
