// OpenZeppelin's StandardMerkleTree over n receipts and over n balances, timed; one JSON object.
//   node oz_tree.cjs <@openzeppelin/merkle-tree> <n> <chain id> <ledger>
"use strict";
const [, , library, count, chainId, ledger] = process.argv;
const { StandardMerkleTree } = require(library);
const n = Number(count);

const word = (number) => "0x" + number.toString(16).padStart(64, "0");

function timed(values, types) {
  const started = process.hrtime.bigint();
  const tree = StandardMerkleTree.of(values, types);
  return { seconds: Number(process.hrtime.bigint() - started) / 1e9, root: tree.root };
}

const numbers = Array.from({ length: n }, (_, number) => number);
const receipts = numbers.map((i) => [
  BigInt(chainId), ledger, 1, i, i + 1, "points", (i % 400) + 1, word(7 * i + 1), word(13 * i + 5),
]);
const balances = numbers.map((i) => [i + 1, (i % 5000) + 1]);
console.log(JSON.stringify({
  receipts: timed(receipts, [
    "uint256", "address", "uint32", "uint32", "uint32", "string", "int256", "bytes32", "bytes32",
  ]),
  balances: timed(balances, ["uint32", "uint32"]),
}));
