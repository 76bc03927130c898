"""Instances whose content no decision explains."""

from collections.abc import Iterator

from selfinstruct.db.check.replay import Replayed
from selfinstruct.db.content_digest import content_digest
from selfinstruct.db.sqlite.driver import Connection


def altered(db: Connection, replayed: Replayed) -> Iterator[tuple[int, bytes]]:
    """Yield the instances whose content, as it was before any decision, does not match its hash.

    Yields (id, the hash that the content has).
    """
    for instance_id, input_, output, conversation, thoughts, digest in db.execute(
        "SELECT id, input, output, conversation, thoughts, digest FROM instances WHERE digest IS NOT NULL"
    ):
        last = replayed.instances.get(instance_id)
        texts = (last.at_first["input"], last.at_first["output"]) if last else (input_, output)
        found = content_digest(*texts, conversation, thoughts)
        if found != digest:
            yield instance_id, found
