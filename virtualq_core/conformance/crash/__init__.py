"""
Faults under load, on a server that nobody else uses.

`replica` copies the schema under test to such a server, `proxy` loses answers on their way, `process` finds the
server's processes and signals them, `fault` is what can happen, `campaign` lets it happen while clients work and holds
what they were told against what is there afterwards, and `control` shows that a loss would have been seen.
"""
