// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";

import {IMemberRegistry} from "../src/interfaces/IMemberRegistry.sol";
import {IPointsLedger} from "../src/interfaces/IPointsLedger.sol";
import {IProgramRegistry} from "../src/interfaces/IProgramRegistry.sol";
import {IRootMode} from "../src/interfaces/IRootMode.sol";
import {vm} from "./Vm.sol";

interface IUpgradeable {
    function upgradeToAndCall(address implementation, bytes calldata data) external payable;
}

/// @title A whole programme out of the shipped code: manager, proxies, judge, every role with an address of its own.
contract Programme {
    address internal constant ADMIN = address(0xA0);
    address internal constant GUARDIAN = address(0xA1);
    address internal constant CONFIG = address(0xA2);
    address internal constant UPGRADER = address(0xA3);
    address internal constant REGISTRAR = address(0xA4);
    address internal constant SETTLER = address(0xA5);
    address internal constant STRANGER = address(0xA6);

    bytes32 private constant HEADER_TYPEHASH =
        keccak256(
            "BatchHeader(uint256 chainId,address ledger,uint32 batchId,bytes32 prevHash,bytes32 balanceRoot,"
            "bytes32 receiptRoot,bytes32 ledgerHead,bytes32 programHash,bytes32 dataHash,uint64 time,uint32 updates,"
            "uint64 issued,uint64 burned,uint64 supply)"
        );

    IAccessManager internal manager;
    IPointsLedger internal ledger;
    IRootMode internal rootMode; // the same ledger
    IMemberRegistry internal members;
    IProgramRegistry internal programs;
    address internal ledgerImplementation;

    function _deploy(IPointsLedger.Caps memory caps, IPointsLedger.Mode mode, uint32 window) internal {
        manager = IAccessManager(_create("AccessManager", abi.encode(ADMIN)));
        ledgerImplementation = _create("PointsLedger", "");
        address proofs = _create("BatchProofs", "");
        members = IMemberRegistry(
            _proxy(
                _create("MemberRegistry", ""),
                abi.encodeCall(IMemberRegistry.initialize, (address(manager), REGISTRAR, 1 days))
            )
        );
        programs = IProgramRegistry(
            _proxy(
                _create("ProgramRegistry", ""),
                abi.encodeCall(IProgramRegistry.initialize, (address(manager)))
            )
        );
        bytes memory initialisation = abi.encodeCall(
            IPointsLedger.initialize,
            (
                address(manager),
                SETTLER,
                "instance",
                "Points",
                "PTS",
                caps,
                address(members),
                false,
                proofs,
                mode,
                window
            )
        );
        ledger = IPointsLedger(_proxy(ledgerImplementation, initialisation));
        rootMode = IRootMode(address(ledger));
        _giveRights();
    }

    function _giveRights() private {
        _give(address(ledger), IPointsLedger.pause.selector, 1, GUARDIAN);
        _give(address(ledger), IPointsLedger.lowerCaps.selector, 1, GUARDIAN);
        _give(address(ledger), IPointsLedger.unpause.selector, 2, CONFIG);
        _give(address(ledger), IPointsLedger.raiseCaps.selector, 2, CONFIG);
        _give(address(ledger), IPointsLedger.setSettler.selector, 2, CONFIG);
        _give(address(ledger), IPointsLedger.setTransferLogs.selector, 2, CONFIG);
        _give(address(ledger), IRootMode.proposeRootMode.selector, 2, CONFIG);
        _give(address(ledger), IRootMode.cancelRootMode.selector, 2, CONFIG);
        _give(address(ledger), IUpgradeable.upgradeToAndCall.selector, 3, UPGRADER);
        _give(address(programs), IProgramRegistry.publish.selector, 4, REGISTRAR);
        _give(address(programs), IUpgradeable.upgradeToAndCall.selector, 3, UPGRADER);
        _give(address(members), IUpgradeable.upgradeToAndCall.selector, 3, UPGRADER);
    }

    function _give(address target, bytes4 selector, uint64 role, address person) private {
        bytes4[] memory selectors = new bytes4[](1);
        selectors[0] = selector;
        vm.prank(ADMIN);
        manager.setTargetFunctionRole(target, selectors, role);
        vm.prank(ADMIN);
        manager.grantRole(role, person, 0);
    }

    function _proxy(address implementation, bytes memory initialisation) internal returns (address) {
        return _create("PointsProxy", abi.encode(implementation, initialisation));
    }

    function _create(string memory name, bytes memory arguments) internal returns (address created) {
        bytes memory code = bytes.concat(vm.getCode(string.concat("artifacts/", name, ".json")), arguments);
        assembly {
            created := create(0, add(code, 0x20), mload(code))
        }
        assert(created != address(0));
    }

    // ---- batches ----

    /// @dev A batch in the next place; the caller fills in the rest.
    function _next() internal view returns (IPointsLedger.Batch memory batch) {
        batch.batchId = ledger.lastBatchId() + 1;
        batch.prevHash = ledger.lastBatchHash();
        batch.time = uint64(block.timestamp);
    }

    function _headerOf(
        IPointsLedger.Batch memory batch,
        bytes memory data,
        uint256 supply
    ) internal pure returns (IPointsLedger.Header memory header) {
        header.batchId = batch.batchId;
        header.prevHash = batch.prevHash;
        header.balanceRoot = batch.balanceRoot;
        header.receiptRoot = batch.receiptRoot;
        header.ledgerHead = batch.ledgerHead;
        header.programHash = batch.programHash;
        header.dataHash = keccak256(data);
        header.time = batch.time;
        header.updates = batch.updates;
        header.issued = batch.issued;
        header.burned = batch.burned;
        header.supply = uint64(supply);
    }

    /// @dev docs/PROTOCOL.md, 2, once more.
    function _hashOf(IPointsLedger.Header memory header) internal view returns (bytes32) {
        bytes32 full = keccak256(abi.encode(HEADER_TYPEHASH, block.chainid, address(ledger), header));
        return (full >> 32) << 32;
    }

    /// @dev The call must fail, with the error `expected`.
    function _mustRefuse(address caller, bytes memory call, bytes4 expected) internal {
        vm.prank(caller);
        (bool isDone, bytes memory answer) = address(ledger).call(call);
        assert(!isDone);
        assert(bytes4(answer) == expected);
    }
}
