"""Any sequence of what can happen to one member's points, in memory: no value, no validity is gained or lost.

See ``purse_machine.py`` for the model. EDGE_CASES 15, 16, 25 to 28, 51, 52.
"""

from hypothesis import settings

from tests.ledger.purse_machine import PurseMachine

TestPurse = PurseMachine.TestCase
TestPurse.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
