"""Lists that are searched, filtered, sorted and paged by number, for people who look for something in many.

Each needs the permission of the vendor's own list of the same things.
"""
