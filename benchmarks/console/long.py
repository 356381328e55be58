"""The lists behind the console's pages with 100,000 users and 500,000 keys of each kind.  See bench.py."""

from __future__ import annotations

import bench

if __name__ == "__main__":
    bench.main(users=100_000, keys=500_000)
