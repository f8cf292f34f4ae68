// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";

import {IBatchProofs} from "./interfaces/IBatchProofs.sol";
import {IPointsLedger} from "./interfaces/IPointsLedger.sol";
import {IRootMode} from "./interfaces/IRootMode.sol";
import {BatchHash} from "./libraries/BatchHash.sol";
import {DataReader} from "./libraries/DataReader.sol";
import {Lanes} from "./libraries/Lanes.sol";
import {WordTree} from "./libraries/WordTree.sol";

/// @title The judge of batches: see IBatchProofs.
contract BatchProofs is IBatchProofs {
    using BatchHash for IPointsLedger.Header;

    // ---- frauds ----

    /// @inheritdoc IBatchProofs
    function judgeWord(
        IPointsLedger.Header calldata previous,
        IPointsLedger.Header calldata disputed,
        bytes calldata data,
        IRootMode.WordProof calldata proof
    ) external view returns (Verdict memory verdict) {
        uint256[] memory changes;
        (verdict, changes) = _open(previous, disputed, data, proof.index, proof.index);
        if (verdict.isFalse) return verdict;

        _checkWord(proof.index, proof.oldWord, proof.oldSiblings, previous.balanceRoot);
        (uint256 word, bool isWithin) = Lanes.applyAll(proof.oldWord, changes, 0, changes.length);
        verdict.isFalse = true;
        verdict.fraud = isWithin ? IRootMode.Fraud.WrongRoot : IRootMode.Fraud.LaneLeft;
        if (!isWithin) return verdict;
        _checkWord(proof.index, proof.newWord, proof.newSiblings, disputed.balanceRoot);
        if (word == proof.newWord) revert IRootMode.NoFraud();
    }

    /// @inheritdoc IBatchProofs
    function judgeWords(
        IPointsLedger.Header calldata previous,
        IPointsLedger.Header calldata disputed,
        bytes calldata data,
        uint32 lastWord,
        uint256[] calldata oldWords,
        bytes32[] calldata siblings
    ) external view returns (Verdict memory verdict) {
        (uint256 first, bytes32 root) = abi.decode(msg.data[msg.data.length - 64:], (uint256, bytes32));
        if (first == 0) root = previous.balanceRoot;
        if (lastWord < first || lastWord > WordTree.LAST) revert IRootMode.WrongWords();
        uint256[] memory changes;
        (verdict, changes) = _open(previous, disputed, data, first, lastWord);
        if (verdict.isFalse) return verdict;

        if (changes.length > 0 || oldWords.length > 0) {
            (root, verdict.isFalse) = _advance(root, changes, oldWords, siblings);
            if (verdict.isFalse) verdict.fraud = IRootMode.Fraud.LaneLeft;
        }
        verdict.root = root;
        if (verdict.isFalse || lastWord < WordTree.LAST) return verdict;
        if (root == disputed.balanceRoot) revert IRootMode.NoFraud();
        verdict.isFalse = true;
        verdict.fraud = IRootMode.Fraud.WrongRoot;
    }

    // ---- final balances and receipts ----

    /// @inheritdoc IBatchProofs
    function proveWords(
        IPointsLedger.Header[] calldata chain,
        uint32[] calldata indexes,
        uint256[] calldata words,
        bytes32[] calldata siblings
    ) external view returns (Chain memory found) {
        found = _follow(chain);
        uint256[] memory wide = new uint256[](indexes.length);
        for (uint256 i = 0; i < indexes.length; ++i) wide[i] = indexes[i];
        _checkWords(wide, words, siblings, chain[0].balanceRoot);
    }

    /// @inheritdoc IBatchProofs
    function proveRange(
        IPointsLedger.Header[] calldata chain,
        uint32 first,
        uint256[] calldata words,
        bytes32[] calldata siblings
    ) external view returns (Chain memory found) {
        found = _follow(chain);
        uint256[] memory indexes = new uint256[](words.length);
        for (uint256 i = 0; i < words.length; ++i) indexes[i] = first + i;
        _checkWords(indexes, words, siblings, chain[0].balanceRoot);
    }

    /// @inheritdoc IBatchProofs
    function proveBalance(
        IPointsLedger.Header[] calldata chain,
        uint32 member,
        uint256 word,
        bytes32[] calldata siblings
    ) external view returns (Chain memory found) {
        found = _follow(chain);
        _checkWord(member / 8, word, siblings, chain[0].balanceRoot);
    }

    /// @inheritdoc IBatchProofs
    function proveReceipt(
        IPointsLedger.Header[] calldata chain,
        IRootMode.Receipt calldata receipt,
        bytes32[] calldata siblings
    ) external view returns (Chain memory found, bool isHeld) {
        found = _follow(chain);
        bytes32 leaf = keccak256(
            abi.encode(
                block.chainid,
                msg.sender,
                chain[0].batchId,
                receipt.index,
                receipt.member,
                receipt.unit,
                receipt.amount,
                receipt.entryDigest,
                receipt.salt
            )
        );
        leaf = keccak256(bytes.concat(leaf)); // OpenZeppelin's standard tree hashes leaves twice
        isHeld = MerkleProof.verifyCalldata(siblings, chain[0].receiptRoot, leaf);
    }

    // ---- the plain parts ----

    /// @inheritdoc IBatchProofs
    function readData(bytes calldata data, uint256 first, uint256 last) external pure returns (Reading memory) {
        Reading memory got = DataReader.read(data, first, last);
        // The answer as Solidity encodes it, but for its copying one element at a time.
        assembly ("memory-safe") {
            let answer := mload(0x40)
            let changes := mload(add(got, 0x80))
            let size := add(0x20, shl(5, mload(changes)))
            mstore(answer, 0x20)
            mcopy(add(answer, 0x20), got, 0x80)
            mstore(add(answer, 0xa0), 0xa0)
            mcopy(add(answer, 0xc0), changes, size)
            return(answer, add(0xc0, size))
        }
    }

    /// @inheritdoc IBatchProofs
    function rootOf(
        uint256[] calldata indexes,
        uint256[] calldata words,
        bytes32[] calldata siblings
    ) external pure returns (bytes32) {
        return WordTree.rootOf(indexes, words, siblings);
    }

    // ---- internals ----

    /// @dev The headers belong together and to the data. What these change of the words `first` to `last`; or what is
    /// false about them.
    function _open(
        IPointsLedger.Header calldata previous,
        IPointsLedger.Header calldata disputed,
        bytes calldata data,
        uint256 first,
        uint256 last
    ) private view returns (Verdict memory verdict, uint256[] memory changes) {
        verdict.batchHash = disputed.hashFor(msg.sender);
        verdict.previousHash = previous.hashFor(msg.sender);
        if (verdict.previousHash != disputed.prevHash) revert IRootMode.BrokenChain(disputed.batchId);
        bytes32 dataHash = keccak256(data);
        if (dataHash != disputed.dataHash) revert IRootMode.WrongData(disputed.dataHash, dataHash);

        Reading memory got = DataReader.read(data, first, last);
        bool areRight = got.updates == disputed.updates &&
            got.issued == disputed.issued &&
            got.burned == disputed.burned;
        verdict.isFalse = got.malformed || !areRight;
        verdict.fraud = got.malformed ? IRootMode.Fraud.MalformedData : IRootMode.Fraud.WrongTotals;
        return (verdict, got.changes);
    }

    /// @dev The root after the changes, given the words that they touch; and whether a balance leaves its lane.
    function _advance(
        bytes32 root,
        uint256[] memory changes,
        uint256[] calldata oldWords,
        bytes32[] calldata siblings
    ) private pure returns (bytes32, bool isOutside) {
        uint256[] memory indexes = Lanes.indexesOf(changes);
        uint256[] memory words = oldWords;
        _checkWords(indexes, words, siblings, root);
        if (!Lanes.applyTo(words, changes)) return (root, true);
        return (WordTree.rootOf(indexes, words, siblings), false);
    }

    function _follow(IPointsLedger.Header[] calldata chain) private view returns (Chain memory found) {
        if (chain.length == 0) revert IRootMode.BrokenChain(0);
        found.firstId = chain[0].batchId;
        found.firstHash = chain[0].hashFor(msg.sender);
        (found.lastId, found.lastHash) = (found.firstId, found.firstHash);
        for (uint256 i = 1; i < chain.length; ++i) {
            if (chain[i].prevHash != found.lastHash) revert IRootMode.BrokenChain(chain[i].batchId);
            (found.lastId, found.lastHash) = (chain[i].batchId, chain[i].hashFor(msg.sender));
            if (i == 1) (found.nextId, found.nextHash) = (found.lastId, found.lastHash);
        }
    }

    function _checkWord(uint256 index, uint256 word, bytes32[] calldata siblings, bytes32 expected) private pure {
        uint256[] memory indexes = new uint256[](1);
        uint256[] memory words = new uint256[](1);
        (indexes[0], words[0]) = (index, word);
        _checkWords(indexes, words, siblings, expected);
    }

    function _checkWords(
        uint256[] memory indexes,
        uint256[] memory words,
        bytes32[] calldata siblings,
        bytes32 expected
    ) private pure {
        bytes32 root = WordTree.rootOf(indexes, words, siblings);
        if (root != expected) revert IRootMode.WrongProof(expected, root);
    }
}
