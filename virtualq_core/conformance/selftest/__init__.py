"""
Is the suite itself sharp? It must catch each of a published list of wrong implementations, and no right one.

`specimen` reads the files, `trial` holds one implementation to the suite, `campaign` all of them, `page` prints the
matrix.
"""
