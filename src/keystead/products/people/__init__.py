"""What RAM and IMS share: the rules over users, groups, keys, passwords and devices.

RAM and IMS are two faces of the same people.  The rules stand here once, on rows and plain values; `products.ram` and
`products.ims` hold the shapes of either side and the wire names.
"""
