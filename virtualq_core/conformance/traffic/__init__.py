"""
Clients that do operations on a subject's sessions, and record them as they saw them.

`demand` says what they ask for and `target` on what, `board` is what they know between them. `client` is one of them,
on a session from a `source`; `reader` is what it asks without changing anything, `clerk` how it records, and `outcome`
what an error means to it. Whoever drives them brings the concurrency: the load Locust's greenlets, a `storm` threads.
"""
