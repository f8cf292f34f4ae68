// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManagedUpgradeable} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts-upgradeable/proxy/utils/UUPSUpgradeable.sol";
import {EIP712Upgradeable} from "@openzeppelin/contracts-upgradeable/utils/cryptography/EIP712Upgradeable.sol";
import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IERC5267} from "@openzeppelin/contracts/interfaces/IERC5267.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IMemberRegistry} from "./interfaces/IMemberRegistry.sol";
import {IPointsLedger} from "./interfaces/IPointsLedger.sol";

/// @title The wallets of members: see IMemberRegistry for what it promises.
/// @custom:storage-location erc7201:loyaltychain.storage.MemberRegistry
contract MemberRegistry layout at erc7201("loyaltychain.storage.MemberRegistry") is
    IMemberRegistry,
    IERC165,
    AccessManagedUpgradeable,
    EIP712Upgradeable,
    UUPSUpgradeable
{
    // ---- constants ----

    uint32 private constant MEMBER_MAX = 2 ** 27 - 1;
    bytes32 private constant VOUCHER_TYPEHASH =
        keccak256("BindingVoucher(uint32 member,address wallet,uint64 nonce,uint64 deadline)");
    bytes32 private constant CONSENT_TYPEHASH =
        keccak256("BindingConsent(uint32 member,address wallet,uint64 nonce,uint64 deadline)");

    // ---- storage: appended only ----

    /// @dev One slot a member.
    struct Binding {
        address wallet;
        uint64 nonce;
    }

    address private _voucherSigner;
    uint32 private _rebindDelay;
    IPointsLedger private _ledger;
    mapping(uint32 member => Binding) private _bindings;
    mapping(address wallet => uint32 member) private _members;
    mapping(uint32 member => Rebind) private _rebinds;

    // ---- constructor, initialiser ----

    constructor() {
        _disableInitializers();
    }

    /// @inheritdoc IMemberRegistry
    function initialize(address authority_, address voucherSigner_, uint32 rebindDelay_) external initializer {
        if (authority_.code.length == 0) revert AccessManagedInvalidAuthority(authority_);
        if (rebindDelay_ == 0) revert ZeroRebindDelay();
        __AccessManaged_init(authority_);
        __EIP712_init("loyaltychain MemberRegistry", "1");
        _rebindDelay = rebindDelay_;
        _putVoucherSigner(voucherSigner_);
    }

    // ---- writes: bindings ----

    /// @inheritdoc IMemberRegistry
    function bind(
        uint32 member,
        address wallet,
        uint64 deadline,
        bytes calldata voucher,
        bytes calldata consent
    ) external {
        _checkRunning();
        if (block.timestamp > deadline) revert DeadlinePassed(deadline);
        _checkFree(member, wallet);
        Binding storage binding = _bindings[member];
        if (binding.wallet != address(0)) revert MemberIsBound(member, binding.wallet);
        if (!_isSigned(_voucherSigner, VOUCHER_TYPEHASH, member, wallet, deadline, voucher)) revert WrongVoucher();
        if (!_isSigned(wallet, CONSENT_TYPEHASH, member, wallet, deadline, consent)) revert WrongConsent();

        _attach(member, wallet);
        _ledger.onBinding(member, address(0), wallet);
    }

    /// @inheritdoc IMemberRegistry
    function unbind() external {
        uint32 member = _memberOfCaller();
        _cancelIfProposed(member);
        _detach(member, msg.sender);
        _ledger.onBinding(member, msg.sender, address(0));
    }

    /// @inheritdoc IMemberRegistry
    function forceUnbind(uint32 member) external restricted {
        address wallet = _walletOfBound(member);
        _cancelIfProposed(member);
        _detach(member, wallet);
        _ledger.onBinding(member, wallet, address(0));
    }

    // ---- writes: another wallet after a loss ----

    /// @inheritdoc IMemberRegistry
    function proposeRebind(
        uint32 member,
        address wallet,
        uint64 deadline,
        bytes calldata consent
    ) external restricted {
        _checkRunning();
        if (block.timestamp > deadline) revert DeadlinePassed(deadline);
        _checkFree(member, wallet);
        _walletOfBound(member);
        address proposed = _rebinds[member].wallet;
        if (proposed != address(0)) revert RebindIsProposed(member, proposed);
        if (!_isSigned(wallet, CONSENT_TYPEHASH, member, wallet, deadline, consent)) revert WrongConsent();

        uint64 executableAt = SafeCast.toUint64(block.timestamp + _rebindDelay);
        _bindings[member].nonce += 1; // the consent is used up
        _rebinds[member] = Rebind({wallet: wallet, executableAt: executableAt});
        emit RebindProposed(member, wallet, executableAt);
    }

    /// @inheritdoc IMemberRegistry
    function objectRebind() external {
        _cancel(_memberOfCaller());
    }

    /// @inheritdoc IMemberRegistry
    function cancelRebind(uint32 member) external restricted {
        _cancel(member);
    }

    /// @inheritdoc IMemberRegistry
    function executeRebind(uint32 member) external {
        _checkRunning();
        Rebind memory rebind = _rebinds[member];
        if (rebind.wallet == address(0)) revert NoRebindProposed(member);
        if (block.timestamp < rebind.executableAt) revert RebindTooEarly(rebind.executableAt);
        _checkFree(member, rebind.wallet); // another member may have taken the wallet meanwhile

        address before = _bindings[member].wallet;
        delete _rebinds[member];
        _detach(member, before);
        _attach(member, rebind.wallet);
        _ledger.onBinding(member, before, rebind.wallet);
    }

    // ---- writes: settings ----

    /// @inheritdoc IMemberRegistry
    function setLedger(address ledger_) external restricted {
        if (address(_ledger) != address(0)) revert LedgerIsSet(address(_ledger));
        if (IPointsLedger(ledger_).memberRegistry() != address(this)) revert ForeignLedger(ledger_);
        _ledger = IPointsLedger(ledger_);
        emit LedgerSet(ledger_);
    }

    /// @inheritdoc IMemberRegistry
    function setVoucherSigner(address voucherSigner_) external restricted {
        _putVoucherSigner(voucherSigner_);
    }

    /// @inheritdoc IMemberRegistry
    function stopBinding() external restricted {
        _checkRunning();
        emit VoucherSignerChanged(_voucherSigner, address(0));
        _voucherSigner = address(0);
    }

    // ---- reads ----

    /// @inheritdoc IMemberRegistry
    function walletOf(uint32 member) external view returns (address) {
        return _bindings[member].wallet;
    }

    /// @inheritdoc IMemberRegistry
    function walletsOf(uint32[] calldata members) external view returns (address[] memory wallets) {
        wallets = new address[](members.length);
        for (uint256 i = 0; i < members.length; ++i) {
            wallets[i] = _bindings[members[i]].wallet;
        }
    }

    /// @inheritdoc IMemberRegistry
    function memberOf(address wallet) external view returns (uint32) {
        return _members[wallet];
    }

    /// @inheritdoc IMemberRegistry
    function nonceOf(uint32 member) external view returns (uint64) {
        return _bindings[member].nonce;
    }

    /// @inheritdoc IMemberRegistry
    function rebindOf(uint32 member) external view returns (Rebind memory) {
        return _rebinds[member];
    }

    /// @inheritdoc IMemberRegistry
    function voucherSigner() external view returns (address) {
        return _voucherSigner;
    }

    /// @inheritdoc IMemberRegistry
    function rebindDelay() external view returns (uint32) {
        return _rebindDelay;
    }

    /// @inheritdoc IMemberRegistry
    function ledger() external view returns (address) {
        return address(_ledger);
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) external pure returns (bool) {
        return
            interfaceId == type(IERC165).interfaceId ||
            interfaceId == type(IMemberRegistry).interfaceId ||
            interfaceId == type(IERC5267).interfaceId ||
            interfaceId == type(IAccessManaged).interfaceId;
    }

    // ---- internals ----

    function _checkRunning() private view {
        if (_voucherSigner == address(0)) revert BindingIsStopped();
        if (address(_ledger) == address(0)) revert LedgerIsNotSet();
    }

    /// @dev The number is one, and the wallet is one that shows nothing yet.
    function _checkFree(uint32 member, address wallet) private view {
        if (member == 0 || member > MEMBER_MAX) revert NoMemberNumber(member);
        if (wallet == address(0) || wallet == address(this) || wallet == address(_ledger)) revert NoWallet(wallet);
        if (_members[wallet] != 0) revert WalletIsBound(wallet, _members[wallet]);
    }

    function _memberOfCaller() private view returns (uint32 member) {
        member = _members[msg.sender];
        if (member == 0) revert WalletIsNotBound(msg.sender);
    }

    function _walletOfBound(uint32 member) private view returns (address wallet) {
        wallet = _bindings[member].wallet;
        if (wallet == address(0)) revert MemberIsNotBound(member);
    }

    function _isSigned(
        address signer,
        bytes32 typeHash,
        uint32 member,
        address wallet,
        uint64 deadline,
        bytes calldata signature
    ) private view returns (bool) {
        bytes32 message = keccak256(abi.encode(typeHash, member, wallet, _bindings[member].nonce, deadline));
        return SignatureChecker.isValidSignatureNowCalldata(signer, _hashTypedDataV4(message), signature);
    }

    function _attach(uint32 member, address wallet) private {
        _bindings[member] = Binding({wallet: wallet, nonce: _bindings[member].nonce + 1});
        _members[wallet] = member;
        emit WalletBound(member, wallet);
    }

    function _detach(uint32 member, address wallet) private {
        _bindings[member] = Binding({wallet: address(0), nonce: _bindings[member].nonce + 1});
        delete _members[wallet];
        emit WalletUnbound(member, wallet);
    }

    function _cancel(uint32 member) private {
        address wallet = _rebinds[member].wallet;
        if (wallet == address(0)) revert NoRebindProposed(member);
        delete _rebinds[member];
        emit RebindCancelled(member, wallet);
    }

    function _cancelIfProposed(uint32 member) private {
        if (_rebinds[member].wallet != address(0)) _cancel(member);
    }

    function _putVoucherSigner(address voucherSigner_) private {
        if (voucherSigner_ == address(0)) revert ZeroVoucherSigner();
        emit VoucherSignerChanged(_voucherSigner, voucherSigner_);
        _voucherSigner = voucherSigner_;
    }

    // ---- upgrade ----

    function _authorizeUpgrade(address) internal override restricted {}
}
