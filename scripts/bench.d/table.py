"""What a case is, what it gave, and the table of that.

A newcomer's trap: a value is the median of all turns of a tool, and a ratio is that of two such
medians. Only ratios are worth comparing with another run.
"""

import datetime
import os
import statistics
from dataclasses import dataclass, field
from pathlib import Path

from session import MIB
from tools import TOOLS


@dataclass(frozen=True)
class Row:
    """A line of the table, and one value of what a case measures."""

    what: str
    unit: str
    digits: int


@dataclass(frozen=True)
class Case:
    measure: object
    rows: list
    prove: object = None  # before the first round
    turns: int = 1  # a round; what is short has more, so that a busy moment is not one tool's alone


@dataclass
class Result:
    values: dict  # tool: one tuple a turn
    failed: set = field(default_factory=set)
    missing: dict = field(default_factory=dict)  # tool: why it cannot do the case

    def median(self, tool, index):
        if tool in self.failed or not self.values.get(tool):
            return None
        return statistics.median(values[index] for values in self.values[tool])


def print_table(results, cases, tools, scale, load):
    versions = ', '.join(tool.version for tool in tools.values() if tool.version)
    print(f'{datetime.date.today()}, Linux {os.uname().release}, {processor()}, load {load:.1f} at the start.')
    print(f'{versions}.')
    if not results:
        return
    print(f'Medians of {scale.rounds} round{"s" * (scale.rounds > 1)}. A ratio is rncat\'s value by the other\'s: more')
    print('than 1 is better for what is "/s", less than 1 for all the rest.')
    print()
    others = [name for name in TOOLS if name != 'rncat']
    print('| case |', ' | '.join(TOOLS), '|', ' | '.join(f'rncat : {name}' for name in others), '|')
    print('|---|' + '--:|' * (len(TOOLS) + len(others)))
    for case, result in results.items():
        for index, row in enumerate(cases[case].rows):
            medians = {name: result.median(name, index) for name in TOOLS}
            cells = [cell(result, name, row, medians[name]) for name in TOOLS]
            ratios = [ratio(medians['rncat'], medians[name]) for name in others]
            print(f'| {title(row, scale)} |', ' | '.join(cells + ratios), '|')


def title(row, scale):
    values = {'size': amount(scale.size), 'half': amount(scale.size // 2), 'clients': f'{scale.clients:,}'}
    return row.what.format(**values) + (f', {row.unit}' if row.unit else '')


def cell(result, name, row, median):
    if name in result.failed:
        return 'failed'
    return '–' if median is None else f'{median:,.{row.digits}f}'


def ratio(ours, theirs):
    return f'{ours / theirs:.2f}' if ours and theirs else '–'


def show(row, value):
    return f'{value:,.{row.digits}f} {row.unit}'.rstrip()


def amount(size):
    return f'{size >> 30} GiB' if size >= 1 << 30 else f'{size // MIB} MiB'


def processor():
    lines = Path('/proc/cpuinfo').read_text().splitlines()
    models = [line.split(':', 1)[1].strip() for line in lines if line.startswith('model name')]
    return f'{os.cpu_count()} × {models[0] if models else os.uname().machine}'
