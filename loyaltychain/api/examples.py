"""An example of every body that a request can have, for the contract. Each is one that the models take."""

from typing import Any

_ORDER = {
    "currency": "GBP",
    "lines": [
        {"line": "1", "item": "teapot", "quantity": 1, "amount": 4200},
        {"line": "2", "item": "cup", "quantity": 6, "amount": 1830},
    ],
}
_EVENT = {
    "source": "shop",
    "id": "S-1",
    "type": "order",
    "member": "ann",
    "occurred_at": "2026-01-05T10:00:00Z",
    "payload": _ORDER,
}
_WHY = {"reason": "she asked for it", "actor": "carla"}

#: By the name of the model.
EXAMPLES: dict[str, dict[str, Any]] = {
    "NewEvent": _EVENT,
    "NewEvents": {"events": [_EVENT]},
    "NewCorrection": _WHY | {"source": "shop", "id": "C-1", "payload": {"amount": 1530, "currency": "GBP"}},
    "PutOrder": {"member": "ann", "occurred_at": "2026-01-05T10:00:00Z"} | _ORDER,
    "NewReturn": {"source": "shop", "id": "RET-7", "lines": [{"item": "cup", "quantity": 2}], "reason": "broken"},
    "Cancellation": {"source": "shop", "id": "X-1", "reason": "changed her mind"},
    "Reopening": {"source": "shop", "id": "X-2"},
    "NewRedemption": {"source": "shop", "id": "R-1", "member": "ann", "points": 20, "reference": "S-1"},
    "NewHold": {"source": "shop", "id": "T-7", "member": "ann", "points": 50, "seconds": 300},
    "Commit": {"points": 40},
    "Release": {},
    "Refund": {"source": "shop", "id": "F-1", "points": 5, "reason": "the voucher did not work"},
    "NewAdjustment": _WHY | {"source": "shop", "id": "A-1", "member": "ann", "points": 100},
    "PutReward": {"name": "A mug", "cost": 500, "stock": 20},
    "NewMember": {"id": "ann"},
    "NewIdentity": _WHY | {"id": "ann@work"},
    "Merge": _WHY | {"into": "ann"},
    "Unmerge": _WHY,
    "Close": _WHY,
    "Verdict": _WHY,
    "AwardDecision": _WHY,
    "Sent": {},
    "NewExport": {"kind": "entries", "format": "csv", "parameters": {}},
}


def add_examples(contract: dict[str, Any]) -> None:
    """Put the examples where the contract describes requests."""
    schemas = contract["components"]["schemas"]
    for methods in contract["paths"].values():
        for operation in methods.values():
            for content in operation.get("requestBody", {}).get("content", {}).values():
                name = content["schema"]["$ref"].rsplit("/", 1)[-1]
                schemas[name]["examples"] = [EXAMPLES[name]]
