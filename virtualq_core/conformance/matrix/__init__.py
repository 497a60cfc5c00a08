"""
The tenancy matrix: two tenants, and every way of the schema that might lead from one to the other.

Tables, views, functions, references and rights are read from the catalogue (`catalogue`), rows of both tenants are
there in every table (`specimen`), statements and calls are made up from both (`row`, `call`), and each is asked by the
application in one tenant's name and judged by eyes that see the other (`probe`).
"""
