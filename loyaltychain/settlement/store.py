"""The queries on batches, updates, receipts and receipt keys: one function each. Decides nothing.

Source of the columns: ``tables.py``. Hashes and data stand there as ``0x`` text and come out as bytes.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import batched
from typing import get_args

from sqlalchemy import BigInteger, RowMapping, cast, func, insert, select, update

from loyaltychain.core.errors import InvariantError
from loyaltychain.core.hashing import from_hex, to_hex
from loyaltychain.db.engine import Tx
from loyaltychain.settlement.header import Header
from loyaltychain.settlement.tables import batch_updates, batches, receipt_keys, receipts
from loyaltychain.settlement.types import Batch, Receipt, State
