"""How large the program is, with everything and with as little as can be.

A newcomer's trap: two builds of one folder replace each other's program. The small one has a folder
of its own, and takes minutes the first time.
"""

import os
import shutil
import subprocess

from session import MIB, Missing
from table import Case, Row
from tools import ROOT, build_rncat, say

# As .cargo/small.toml has it for packagers.
SMALL = ('--no-default-features', '--config', '.cargo/small.toml')


def measure_size(bench, tool):
    if tool.name != 'rncat':
        raise Missing('not compared')
    say(f'building rncat {" ".join(SMALL)}')
    small = build_rncat(*SMALL, '--target', this_machine(), '--target-dir', ROOT / 'target/small')
    return tuple(stripped(bench, path) / MIB for path in (tool.words[0], small))


def this_machine():
    said = subprocess.run(['rustc', '-vV'], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    return next(line.split()[1] for line in said.splitlines() if line.startswith('host:'))


def stripped(bench, path):
    """The release build is stripped already; RNCAT may be another."""
    if shutil.which('strip'):
        subprocess.run(['strip', '-o', bench.scratch / 'stripped', path], check=True)
        path = bench.scratch / 'stripped'
    return os.stat(path).st_size


CASES = {
    'size': Case(measure_size, [Row('the program, stripped', 'MiB', 2), Row(f'with `{" ".join(SMALL)}`', 'MiB', 2)]),
}
