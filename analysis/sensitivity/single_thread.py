"""One torch thread, whatever the caller has set."""

from collections.abc import Generator
from contextlib import closing
from typing import TypeVar

import torch

Item = TypeVar("Item")


def on_one_thread(items: Generator[Item, None, None]) -> Generator[Item, None, None]:
    """The same items, each made on one torch thread.

    More threads add in another order, and the last bits differ. Between two items the caller finds
    the number of threads that it has set.
    """
    with closing(items):
        while True:
            before = torch.get_num_threads()
            torch.set_num_threads(1)
            try:
                item = next(items)
            except StopIteration:
                return
            finally:
                torch.set_num_threads(before)
            yield item
