"""All tables' common ground: one MetaData, and the three column types that the project uses."""

from sqlalchemy import BigInteger, Integer, MetaData, Text

#: Constraint names are fixed, so that a migration can name what it changes on both engines.
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Number = BigInteger  # amounts, positions, instants, block numbers
#: The key of a table in which each row has a position. SQLite keeps rows by a key of exactly this type, and needs no
#: index beside them.
Position = BigInteger().with_variant(Integer(), "sqlite")
String = Text  # ids, hashes as 0x-hex, canonical JSON
