// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManagedUpgradeable} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";

import {IRootMode} from "./interfaces/IRootMode.sol";
import {RootMode} from "./RootMode.sol";
import {BatchHash} from "./libraries/BatchHash.sol";
import {BatchMark} from "./libraries/BatchMark.sol";
import {RecordsCodec} from "./libraries/RecordsCodec.sol";

/// @title The one switch, from push to root mode: see IRootMode.
/// @dev In push mode a root is the settler's word alone. Before it may count, somebody counts stored words until they
/// give it; so it holds nothing but stored words. That none was left out anybody may contest until the window is over.
abstract contract RootSwitch is RootMode, AccessManagedUpgradeable {
    using BatchHash for Header;
    using BatchMark for bytes32;

    uint256 private constant LONGEST_WINDOW = 30 days;

    /// @inheritdoc IRootMode
    function proposeRootMode(Header calldata last, uint32 window) external restricted {
        if (_config.mode != Mode.Push) revert WrongMode(_config.mode);
        if (!_config.paused) revert LedgerIsNotPaused();
        if (_switch.window != 0) revert SwitchIsPending();
        _checkWindow(Mode.Root, window);
        if (last.hashFor(address(this)) != _lastMark().hashOf()) revert BrokenChain(last.batchId);
        _switch.root = last.balanceRoot;
        _switch.window = window;
        emit RootModeProposed(last.batchId, last.balanceRoot, window);
        _endCount();
    }

    /// @inheritdoc IRootMode
    function countWords(uint32 first, uint32 count, bytes32[] calldata siblings) external {
        if (_switch.window == 0 || _switch.contestEnd != 0) revert NoSwitch();
        uint256[] memory indexes = _consecutive(first, count);
        uint256[] memory words = new uint256[](count); // zero: not counted so far
        _checkWords(_switch.counted, indexes, words, siblings);
        for (uint256 i = 0; i < count; ++i) words[i] = RecordsCodec.wordAt(indexes[i]);
        _switch.counted = _batchProofs.rootOf(indexes, words, siblings);
        _endCount();
    }

    /// @inheritdoc IRootMode
    function contestRootMode(uint32 index, bytes32[] calldata siblings) external {
        if (_switch.contestEnd == 0) revert NoSwitch();
        _checkWords(_switch.root, _consecutive(index, 1), new uint256[](1), siblings);
        if (RecordsCodec.wordAt(index) == 0) revert NoFraud();
        delete _switch;
        emit RootModeCancelled(index, msg.sender);
    }

    /// @inheritdoc IRootMode
    function cancelRootMode() external restricted {
        if (_switch.window == 0) revert NoSwitch();
        delete _switch;
        emit RootModeCancelled(0, msg.sender);
    }

    /// @inheritdoc IRootMode
    function activateRootMode() external {
        if (_switch.contestEnd == 0) revert NoSwitch();
        if (block.timestamp < _switch.contestEnd) revert ContestRuns(_switch.contestEnd);
        _config.mode = Mode.Root;
        _rates.challengeWindow = _switch.window;
        emit RootModeActivated(_head.batchId, _switch.root);
        delete _switch;
    }

    function _checkNoSwitch() internal view {
        if (_switch.window != 0) revert SwitchIsPending();
    }

    function _checkWindow(Mode mode_, uint32 window) internal pure {
        uint256 most = mode_ == Mode.Root ? LONGEST_WINDOW : 0;
        if (window > most || (window == 0 && mode_ == Mode.Root)) revert WrongWindow(window, most);
    }

    function _consecutive(uint256 first, uint256 count) private pure returns (uint256[] memory indexes) {
        indexes = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) indexes[i] = first + i;
    }

    function _checkWords(
        bytes32 expected,
        uint256[] memory indexes,
        uint256[] memory words,
        bytes32[] calldata siblings
    ) private view {
        bytes32 root = _batchProofs.rootOf(indexes, words, siblings);
        if (root != expected) revert WrongProof(expected, root);
    }

    /// @dev When all words that the root holds are counted, the contest begins.
    function _endCount() private {
        if (_switch.counted != _switch.root) return;
        _switch.contestEnd = uint64(block.timestamp + _switch.window);
        emit WordsCounted(_switch.root, _switch.contestEnd);
    }
}
