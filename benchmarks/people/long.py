"""The tables of bench.py with 100,000 users beside 1,000, in one run; some ten minutes.

python benchmarks/people/long.py [--users 1000 100000] [--passes 3] [--writes 400] [--only SQLite]
"""

from __future__ import annotations

import bench

if __name__ == "__main__":
    bench.main((1_000, 100_000))
