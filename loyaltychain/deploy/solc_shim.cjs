// Lets the WebAssembly compiler (soljson.js) be called like the native `solc`. Needs no npm package but that file.
//   node solc_shim.cjs <soljson.js> --version
//   node solc_shim.cjs <soljson.js> --standard-json      (input on stdin; literal sources only)
"use strict";
const fs = require("fs");
const path = require("path");

function print(text) {
  const bytes = Buffer.from(text + "\n");
  let written = 0;
  while (written < bytes.length) {
    try {
      written += fs.writeSync(1, bytes, written);
    } catch (error) {
      if (error.code !== "EAGAIN") throw error; // a full pipe: try again
    }
  }
}

function loadCompiler(file) {
  // Emscripten's start-up adds listeners that turn every exception into its own exit.
  const before = process.listeners("uncaughtException");
  const compiler = require(path.resolve(file));
  process.removeAllListeners("uncaughtException");
  before.forEach((listener) => process.on("uncaughtException", listener));
  return compiler;
}

function compile(compiler, input) {
  // Imports are never read from disk: what is compiled is exactly what was handed in.
  const refuse = compiler.addFunction((context, kind, name, content, error) => {
    const text = "only literal sources: " + compiler.UTF8ToString(name);
    const size = Buffer.byteLength(text) + 1;
    const place = compiler._solidity_alloc(size);
    compiler.stringToUTF8(text, place, size);
    compiler.setValue(error, place, "*");
  }, "viiiii");
  return compiler.cwrap("solidity_compile", "string", ["string", "number", "number"])(input, refuse, 0);
}

const [soljson, mode] = process.argv.slice(2);
if (mode === "--version") {
  const version = loadCompiler(soljson).cwrap("solidity_version", "string", [])();
  print("solc, the solidity compiler commandline interface\nVersion: " + version);
} else if (mode === "--standard-json") {
  print(compile(loadCompiler(soljson), fs.readFileSync(0, "utf8")));
} else {
  process.stderr.write("only --version and --standard-json are supported\n");
  process.exit(2);
}
