// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DenseReference} from "./DenseReference.sol";
import {RecordsReference} from "./RecordsReference.sol";
import {RiceReference} from "./RiceReference.sol";

/// @title The data of a batch, decoded in plain Solidity (docs/PROTOCOL.md, 3).
/// @notice A second reading of the same bytes, to compare the codecs and readers with, and for whoever wants to read
/// the data of a batch through a node. Slow on purpose; no contract uses it.
contract DataReference {
    /// @notice Every update that `data` hold, or that they are malformed (then there are none).
    function decode(
        bytes calldata data
    ) external pure returns (bool wellFormed, RecordsReference.Update[] memory updates) {
        if (data.length > 0 && data[0] == 0x01) (wellFormed, updates) = RecordsReference.decode(data[1:]);
        if (data.length > 0 && data[0] == 0x02) (wellFormed, updates) = RiceReference.decode(data[1:]);
        if (data.length > 0 && data[0] == 0x03) (wellFormed, updates) = DenseReference.decode(data[1:]);
        if (!wellFormed) updates = new RecordsReference.Update[](0);
    }
}
