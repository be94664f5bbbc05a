"""What rncat has to reach, as ratios of one run: the bounds, and whether each is kept.

A newcomer's trap: what could not be measured is not reached. With --check, a tool that is missing
fails as much as a ratio that falls short, and its line says what to install.
"""

from dataclasses import dataclass

from table import title
from tools import TOOLS

WORDS = {'at least': lambda value, bound: value >= bound, 'at most': lambda value, bound: value <= bound}


@dataclass(frozen=True)
class Bound:
    """A row of a case, by the other tool's or, without one, as it is."""

    case: str
    row: int
    against: str
    word: str
    number: float


BOUNDS = [
    Bound('pipe', 0, 'C loop', 'at least', 0.95),
    Bound('pipe', 0, 'nc', 'at least', 1.6),
    Bound('pipe', 0, 'ncat', 'at least', 2.5),
    Bound('pipe', 1, 'C splice', 'at most', 1.15),
    Bound('file', 0, 'C loop', 'at least', 0.9),
    Bound('file', 0, 'ncat', 'at least', 3),
    Bound('pipes', 0, 'nc', 'at least', 1.6),
    Bound('both', 1, '', 'at least', 0.45),
    Bound('exec', 0, 'socat', 'at least', 2),
    Bound('tls', 0, 'nc', 'at least', 1),
    Bound('tls', 0, 'ncat', 'at least', 2),
    Bound('handshake', 0, 'ncat', 'at most', 0.2),
    Bound('idle-tls', 0, 'nc', 'at most', 3),
    Bound('idle-tls', 1, '', 'at most', 2),
    Bound('rtt', 0, 'nc', 'at most', 1.05),
    Bound('rtt-crlf', 0, 'nc', 'at most', 1.05),
    Bound('start', 0, 'nc', 'at most', 1.1),
    Bound('help', 0, 'nc', 'at most', 1.5),
    Bound('idle', 0, 'nc', 'at most', 2),
    Bound('idle', 1, '', 'at most', 1),
    Bound('crowd', 0, 'C loop', 'at most', 1.5),
    # "Does not grow": a hundred times as many clients, and what a busy machine adds to a short measurement.
    Bound('event', 2, '', 'at most', 1.2),
    Bound('clients', 0, '', 'at most', 2),
    Bound('clients-tls', 0, '', 'at most', 24),
    Bound('broker', 0, 'ncat', 'at least', 1.5),
    # "Linear": twenty times as many readers, for each byte the same.
    Bound('linear', 1, '', 'at most', 1.2),
    Bound('udp-send', 0, 'C loop', 'at least', 0.9),
    Bound('udp-listen', 0, 'C loop', 'at least', 0.9),
    Bound('size', 0, '', 'at most', 7),
    Bound('size', 1, '', 'at most', 3),
]


def print_reached(results, cases, tools, scale):
    """Returns how many of the bounds are not reached."""
    short, bounds = 0, [bound for bound in BOUNDS if bound.case in results]
    if not bounds:
        return 0
    print('\n| what has to be reached | bound | measured | |')
    print('|---|---|--:|---|')
    for bound in bounds:
        value = measured(bound, results[bound.case])
        row = cases[bound.case].rows[bound.row]
        reached = value is not None and WORDS[bound.word](value, bound.number)
        short += not reached
        shown = f'{value:.2f}' if value is not None else '–'
        against = f' : {bound.against}' if bound.against else ''
        says = 'ok' if reached else 'short' if value is not None else f'not measured: {lacking(bound, results[bound.case], tools)}'
        print(f'| {title(row, scale)}{against} | {bound.word} {bound.number:g} | {shown} | {says} |')
    return short


def measured(bound, result):
    ours = result.median('rncat', bound.row)
    theirs = result.median(bound.against, bound.row) if bound.against else 1
    return ours / theirs if ours is not None and theirs else None


def lacking(bound, result, tools):
    for name in filter(None, ('rncat', bound.against)):
        if name not in tools:
            return f'{name} is missing, install {TOOLS[name].package}'
        if name in result.failed:
            return f'{name} failed'
        if name in result.missing:
            return result.missing[name]
    return 'no value'
