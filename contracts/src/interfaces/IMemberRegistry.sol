// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Which wallet shows which member's points: one wallet a member, one member a wallet.
/// @notice Points belong to the member number, whatever wallet is bound to it: binding moves none. A binding takes two
/// signatures, the programme's voucher and the wallet's consent; whoever has both may submit them.
///
/// Who may do what, and what a stolen key costs at most. No key here gives, takes or moves a point:
/// - Voucher signer (no delay): half of every binding. With a consent of a wallet of theirs, a thief shows the points of
///   members who have no wallet as that wallet's.
/// - Registrar (no delay): `proposeRebind`, `cancelRebind`. After `rebindDelay`, unless the bound wallet objects, a member
///   is shown by the thief's wallet.
/// - Guardian (no delay): `stopBinding`. Nothing is bound until Config names another signer.
/// - Config (delayed, cancelled by Guardian): `setVoucherSigner`, `forceUnbind`. After the delay: any binding.
/// - Upgrader and Admin (delayed): as for IPointsLedger.
/// - A bound wallet: `unbind`, `objectRebind`. Anybody: `bind` with both signatures, `executeRebind` when it is due.
/// @dev The signed messages are EIP-712 (docs/PROTOCOL.md, 11). Wallets and the voucher signer may be contracts that
/// answer ERC-1271.
interface IMemberRegistry {
    /// @notice A change of wallet that waits.
    /// @param wallet the one that shall be bound; zero when nothing is proposed
    /// @param executableAt unix seconds from which anybody may execute it
    struct Rebind {
        address wallet;
        uint64 executableAt;
    }

    /// @notice The wallet shows the member's points from now on.
    event WalletBound(uint32 indexed member, address indexed wallet);

    /// @notice The wallet shows nothing any more.
    event WalletUnbound(uint32 indexed member, address indexed wallet);

    /// @notice Another wallet shall be bound to the member, from `executableAt` on, unless the present one objects.
    event RebindProposed(uint32 indexed member, address indexed wallet, uint64 executableAt);

    /// @notice The proposal is off.
    event RebindCancelled(uint32 indexed member, address indexed wallet);

    /// @notice Another address signs vouchers from now on; zero: nothing is bound until there is one again.
    event VoucherSignerChanged(address indexed before, address indexed present);

    /// @notice The ledger that hears of every binding.
    event LedgerSet(address indexed ledger);

    /// @notice The proposed wallet waits at least a second.
    error ZeroRebindDelay();
    /// @notice Address zero signs nothing; `stopBinding` is there for that.
    error ZeroVoucherSigner();
    /// @notice The ledger is set once.
    error LedgerIsSet(address ledger);
    /// @notice Nothing is bound before there is a ledger that hears of it.
    error LedgerIsNotSet();
    /// @notice This ledger hears another registry.
    error ForeignLedger(address ledger);
    /// @notice Nothing is bound until there is a voucher signer again.
    error BindingIsStopped();
    /// @notice The signatures were good until `deadline`.
    error DeadlinePassed(uint64 deadline);
    /// @notice Members are numbers from 1 to 2^27 - 1.
    error NoMemberNumber(uint32 member);
    /// @notice Address zero, this registry and the ledger are no wallets.
    error NoWallet(address wallet);
    /// @notice The member has a wallet.
    error MemberIsBound(uint32 member, address wallet);
    /// @notice The member has no wallet.
    error MemberIsNotBound(uint32 member);
    /// @notice The wallet shows another member's points, or this one's already.
    error WalletIsBound(address wallet, uint32 member);
    /// @notice The wallet shows nobody's points.
    error WalletIsNotBound(address wallet);
    /// @notice Not the voucher signer's signature over this member, wallet, nonce and deadline.
    error WrongVoucher();
    /// @notice Not the wallet's signature over this member, wallet, nonce and deadline.
    error WrongConsent();
    /// @notice One proposal at a time.
    error RebindIsProposed(uint32 member, address wallet);
    /// @notice There is no proposal.
    error NoRebindProposed(uint32 member);
    /// @notice The proposal waits until `executableAt`.
    error RebindTooEarly(uint64 executableAt);

    /// @notice Set the registry up. Called once, by the proxy's constructor.
    /// @param authority the AccessManager that knows every role
    /// @param voucherSigner the one address whose vouchers count
    /// @param rebindDelay seconds that a proposed wallet waits; at least 1
    function initialize(address authority, address voucherSigner, uint32 rebindDelay) external;

    /// @notice Name the ledger that hears of every binding; once, and it must name this registry. Admin.
    function setLedger(address ledger) external;

    /// @notice Bind a wallet to a member. Anybody who has both signatures.
    /// @param member the number; it must have no wallet
    /// @param wallet that shows the member's points from now on; it must show none
    /// @param deadline unix seconds until which both signatures are good
    /// @param voucher the voucher signer's signature
    /// @param consent the wallet's signature
    function bind(
        uint32 member,
        address wallet,
        uint64 deadline,
        bytes calldata voucher,
        bytes calldata consent
    ) external;

    /// @notice Leave. The bound wallet itself, at any time; a proposal for its member falls with it.
    function unbind() external;

    /// @notice Propose another wallet for a member whose wallet is lost. Registrar.
    /// @param consent the new wallet's signature, as for `bind`
    function proposeRebind(uint32 member, address wallet, uint64 deadline, bytes calldata consent) external;

    /// @notice Cancel the proposal for the calling wallet's own member. The bound wallet.
    function objectRebind() external;

    /// @notice Cancel a proposal. Registrar.
    function cancelRebind(uint32 member) external;

    /// @notice Change the wallet as proposed, after the delay. Anybody.
    function executeRebind(uint32 member) external;

    /// @notice Unbind a member's wallet against its will: a stolen one that objects, or one bound by a stolen key.
    /// Config.
    function forceUnbind(uint32 member) external;

    /// @notice Let another address sign vouchers. Config.
    function setVoucherSigner(address voucherSigner) external;

    /// @notice Bind nothing until there is a voucher signer again. Guardian.
    function stopBinding() external;

    /// @notice The member's wallet; zero without one.
    function walletOf(uint32 member) external view returns (address);

    /// @notice The wallets of many members, in their order.
    function walletsOf(uint32[] calldata members) external view returns (address[] memory wallets);

    /// @notice The member whose points the wallet shows; 0 without one.
    function memberOf(address wallet) external view returns (uint32);

    /// @notice What the next signatures about the member must name: it rises with every binding, unbinding, proposal.
    function nonceOf(uint32 member) external view returns (uint64);

    /// @notice The proposal for the member, if there is one.
    function rebindOf(uint32 member) external view returns (Rebind memory);

    /// @notice The address whose vouchers count; zero while binding is stopped.
    function voucherSigner() external view returns (address);

    /// @notice Seconds that a proposed wallet waits.
    function rebindDelay() external view returns (uint32);

    /// @notice The ledger that hears of every binding; zero before it is set.
    function ledger() external view returns (address);
}
