// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBatchProofs} from "../interfaces/IBatchProofs.sol";
import {DenseReader} from "./DenseReader.sol";
import {RecordsReader} from "./RecordsReader.sol";
import {RiceReader} from "./RiceReader.sol";
import {WordTree} from "./WordTree.sol";

/// @title Reads the data of a batch, in whatever version they are (docs/PROTOCOL.md, 3). Changes nothing.
/// @dev Total: for any bytes it answers, and never reverts. Of malformed data nothing is told but that.
library DataReader {
    /// @notice Read all of `data`, and keep what they change of the words `first` to `last`.
    function read(
        bytes calldata data,
        uint256 first,
        uint256 last
    ) internal pure returns (IBatchProofs.Reading memory) {
        if (last > WordTree.LAST) last = WordTree.LAST;
        // The members whose changes are kept: `from` to `until - 1`.
        (uint256 from, uint256 until) = first > last ? (0, 0) : (8 * first, 8 * last + 8);
        uint256 version = data.length == 0 ? 0 : uint8(data[0]);
        if (version == 1) return RecordsReader.read(data, from, until);
        if (version == 2) return RiceReader.read(data, from, until);
        if (version == 3) return DenseReader.read(data, from, until);
        return malformed();
    }

    /// @notice What is told of malformed data.
    function malformed() internal pure returns (IBatchProofs.Reading memory got) {
        got.malformed = true;
    }
}
