// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IPointsLedger} from "../src/interfaces/IPointsLedger.sol";
import {IPointsProxy} from "../src/interfaces/IPointsProxy.sol";
import {IProgramRegistry} from "../src/interfaces/IProgramRegistry.sol";
import {IRootMode} from "../src/interfaces/IRootMode.sol";
import {IUpgradeable, Programme} from "./Programme.sol";
import {vm} from "./Vm.sol";

/// @title Nobody can do what is another one's, whoever they are and whatever they send.
contract RolesTest is Programme {
    IPointsLedger.Caps private _caps = IPointsLedger.Caps(1000, 1000, 5000, 5000, 3600, 1_000_000);

    function setUp() external {
        _deploy(_caps, IPointsLedger.Mode.Root, 1 hours);
    }

    /// @dev Of all addresses, the settler alone settles.
    function test_only_the_settler_settles(address caller, uint64 issued, bytes calldata data) external {
        vm.assume(caller != SETTLER);
        IPointsLedger.Batch memory batch = _next();
        batch.issued = issued;
        _mustRefuse(
            caller,
            abi.encodeCall(IPointsLedger.settle, (batch, data)),
            IPointsLedger.NotSettler.selector
        );
        assert(ledger.lastBatchId() == 0 && ledger.totalSupply() == 0);
    }

    /// @dev What belongs to a role is refused to everybody else, the settler and the other roles included.
    function test_only_roles_act(address caller, uint8 which) external {
        (bytes memory call, address owner) = _restricted(which);
        vm.assume(caller != owner);
        _mustRefuse(caller, call, IAccessManaged.AccessManagedUnauthorized.selector);
    }

    /// @dev The same calls reach the ledger when they come from the role.
    function test_roles_can_act(uint8 which) external {
        (bytes memory call, address owner) = _restricted(which);
        vm.prank(owner);
        (bool isDone, bytes memory answer) = address(ledger).call(call);
        assert(isDone || bytes4(answer) != IAccessManaged.AccessManagedUnauthorized.selector);
    }

    /// @dev Any call of a stranger that the ledger takes leaves everything as it was.
    function test_strangers_change_nothing(bytes4 selector, bytes calldata arguments) external {
        bytes32 before = _state();
        vm.prank(STRANGER);
        (bool isDone, ) = address(ledger).call(bytes.concat(selector, arguments));
        assert(_state() == before || !isDone);
    }

    /// @dev Holders' functions are refused by the proxy, before any implementation sees them.
    function test_holders_cannot_move_points(address caller, address other, uint256 value) external {
        bytes[6] memory calls = [
            abi.encodeCall(IERC20.transfer, (other, value)),
            abi.encodeCall(IERC20.transferFrom, (caller, other, value)),
            abi.encodeCall(IERC20.approve, (other, value)),
            abi.encodeWithSignature("safeTransferFrom(address,address,uint256)", caller, other, value),
            abi.encodeWithSignature("setApprovalForAll(address,bool)", other, true),
            abi.encodeWithSignature("transferAndCall(address,uint256,bytes)", other, value, "")
        ];
        for (uint256 i = 0; i < calls.length; ++i) {
            _mustRefuse(caller, calls[i], IPointsProxy.HoldersCannotMovePoints.selector);
        }
    }

    /// @dev Nobody sets a proxy or an implementation up a second time.
    function test_nobody_initialises_again(address caller) external {
        bytes memory call = abi.encodeCall(
            IPointsLedger.initialize,
            (
                address(manager),
                caller,
                "again",
                "",
                "",
                _caps,
                address(members),
                false,
                ledger.batchProofs(),
                IPointsLedger.Mode.Push,
                0
            )
        );
        _mustRefuse(caller, call, bytes4(keccak256("InvalidInitialization()")));
        vm.prank(caller);
        (bool isDone, ) = ledgerImplementation.call(call);
        assert(!isDone);
    }

    /// @dev Programmes are the registrar's to publish.
    function test_only_the_registrar_publishes(address caller, bytes32 programHash, uint64 position) external {
        vm.assume(caller != REGISTRAR);
        vm.prank(caller);
        (bool isDone, ) = address(programs).call(abi.encodeCall(IProgramRegistry.publish, (programHash, position)));
        assert(!isDone && programs.count() == 0);
    }

    function _restricted(uint8 which) private view returns (bytes memory call, address owner) {
        which %= 9;
        IPointsLedger.Header memory header;
        if (which == 0) return (abi.encodeCall(IPointsLedger.pause, ()), GUARDIAN);
        if (which == 1) return (abi.encodeCall(IPointsLedger.unpause, ()), CONFIG);
        if (which == 2) return (abi.encodeCall(IPointsLedger.lowerCaps, (_caps)), GUARDIAN);
        if (which == 3) return (abi.encodeCall(IPointsLedger.raiseCaps, (_caps)), CONFIG);
        if (which == 4) return (abi.encodeCall(IPointsLedger.setSettler, (STRANGER)), CONFIG);
        if (which == 5) return (abi.encodeCall(IPointsLedger.setTransferLogs, (true)), CONFIG);
        if (which == 6) return (abi.encodeCall(IRootMode.proposeRootMode, (header, 1)), CONFIG);
        if (which == 7) return (abi.encodeCall(IRootMode.cancelRootMode, ()), CONFIG);
        return (abi.encodeCall(IUpgradeable.upgradeToAndCall, (ledgerImplementation, "")), UPGRADER);
    }

    /// @dev All that the ledger answers about itself.
    function _state() private view returns (bytes32) {
        return
            keccak256(
                abi.encode(
                    ledger.lastBatchId(),
                    ledger.lastBatchHash(),
                    ledger.totalSupply(),
                    ledger.caps(),
                    ledger.settler(),
                    ledger.paused(),
                    ledger.mode(),
                    rootMode.challengeWindow(),
                    ledger.transferLogs(),
                    ledger.wordAt(0)
                )
            );
    }
}
