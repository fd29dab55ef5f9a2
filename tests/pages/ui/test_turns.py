from threading import Event, Thread

from pages.ui import turns
from pages.ui.turns import in_turn, step_aside


def _drawn(events: list[str], name: str, begun: Event, wait: Event) -> None:
    with in_turn():
        events.append(f"{name} begins")
        begun.set()
        wait.wait(5)
        events.append(f"{name} ends")


def test_a_page_waits_until_the_other_is_drawn() -> None:
    events: list[str] = []
    begun, wait, free = Event(), Event(), Event()
    free.set()
    first = Thread(target=_drawn, args=(events, "first", begun, wait))
    first.start()
    assert begun.wait(5)
    second = Thread(target=_drawn, args=(events, "second", Event(), free))
    second.start()
    wait.set()
    first.join(5)
    second.join(5)
    assert events == ["first begins", "first ends", "second begins", "second ends"]


def test_a_page_that_waits_lets_the_next_one_go_first() -> None:
    with in_turn():
        step_aside()
        assert turns._drawing.acquire(timeout=1)
        turns._drawing.release()
    assert turns._drawing.acquire(timeout=1)
    turns._drawing.release()


def test_a_turn_ends_with_an_error() -> None:
    try:
        with in_turn():
            raise RuntimeError
    except RuntimeError:
        pass
    assert not turns._drawing.locked()
