"""Lists and pages of the console with 100,000 users and 500,000 keys of each kind.  See bench.py and pages.py."""

from __future__ import annotations

import bench
import pages

if __name__ == "__main__":
    bench.main(users=100_000, keys=500_000)
    pages.main(users=100_000, keys=500_000)
