"""Threads: two at a time changes nothing but the time."""

import threading

import pytest

from imagery_diff.threads import each


@pytest.mark.parametrize("count", [0, 1, 2, 50])
def test_answers_come_in_the_order_of_the_pieces(count):
    assert each(lambda n: n * n, range(count)) == [n * n for n in range(count)]


def test_two_pieces_are_worked_on_at_the_same_time():
    both = threading.Barrier(2, timeout=10)
    assert len(each(lambda _: both.wait(), (0, 1))) == 2


@pytest.mark.parametrize("bad", [0, 3])
def test_what_goes_wrong_in_a_piece_is_raised(bad):
    def work(number):
        if number == bad:
            raise ValueError(str(number))

    with pytest.raises(ValueError, match=str(bad)):
        each(work, range(4))


def test_after_an_error_no_other_piece_is_begun():
    begun = []

    def work(number):
        begun.append(number)
        raise ValueError(str(number))

    with pytest.raises(ValueError, match=r"^[01]$"):
        each(work, range(100))
    assert len(begun) <= 2
