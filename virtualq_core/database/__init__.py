"""Where the database comes from: servers, fresh databases on them, the schema in them, and the guard around them."""
