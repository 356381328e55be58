"""How models and applications are called: the data planes, the servers behind them, limits and metering.

    arrive (who) → read (what) → authorize → reserve → upstream → settle, meter, audit

Each plane reads its own requests and writes its own answers; all else is one path.  May not import `server` or
`products`: what it needs of them `app` passes as arguments.
"""
