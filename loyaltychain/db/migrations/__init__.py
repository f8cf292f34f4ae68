"""The steps that bring a database to this release's tables."""

#: The last step. Known without Alembic, which takes a third of a second to load; a test holds it against the files.
NEWEST = "0020"
