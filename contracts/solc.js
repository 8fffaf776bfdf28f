// Answers `--version` and `--standard-json` as the native solc does, over the WebAssembly build in npm's `solc`:
// forge and py-solc-x only know how to start a program, and the native one is in no package registry.
"use strict";
const fs = require("node:fs");
const path = require("node:path");

const HELP = `usage: solc --version | --standard-json [FILE] [--base-path P] [--include-path P] [--allow-paths P,...]`;

function fail(message) {
  process.stderr.write(`solc: ${message}\n${HELP}\n`);
  process.exit(1);
}

function parse(argv) {
  const options = { action: null, file: null, roots: [], allowed: [] };
  for (let i = 0; i < argv.length; i++) {
    const [name, inline] = argv[i].split(/=(.*)/s, 2);
    const value = () => inline ?? argv[++i] ?? fail(`${name} needs a value`);
    if (name === "--version" || name === "--standard-json" || name === "--help") options.action = name;
    else if (name === "--base-path") options.roots.unshift(value());
    else if (name === "--include-path") options.roots.push(value());
    else if (name === "--allow-paths") options.allowed.push(...value().split(",").filter(Boolean));
    else if (argv[i] === "-" || !name.startsWith("-")) options.file = argv[i];
    else fail(`${name} is not supported`);
  }
  return options;
}

// The sources that the input names but does not hold are read below the base and include paths, and nowhere else.
function importReader({ roots, allowed }) {
  const readable = [...roots, ...allowed].map((root) => path.resolve(root));
  const isReadable = (file) => readable.some((root) => file === root || file.startsWith(root + path.sep));
  return (name) => {
    for (const root of [...roots, "."]) {
      const file = path.resolve(root, name);
      if (isReadable(file) && fs.existsSync(file)) return { contents: fs.readFileSync(file, "utf8") };
    }
    return { error: `File not found: ${name}` };
  };
}

function main() {
  const options = parse(process.argv.slice(2));
  if (options.action === null || options.action === "--help") return void process.stdout.write(HELP + "\n");
  if (options.action === "--version") {
    const version = compilerVersion();
    return void process.stdout.write(`solc, the solidity compiler commandline interface\nVersion: ${version}\n`);
  }
  const input = fs.readFileSync(options.file && options.file !== "-" ? options.file : 0, "utf8");
  process.stdout.write(require("solc").compile(input, { import: importReader(options) }) + "\n");
}

// Kept in a file because forge asks at every start and loading the compiler takes most of a second.
function compilerVersion() {
  const pkg = require.resolve("solc/package.json");
  const cached = path.join(path.dirname(pkg), "..", ".cache", `solc-${require(pkg).version}.version`);
  if (fs.existsSync(cached)) return fs.readFileSync(cached, "utf8");
  const version = require("solc").version();
  fs.mkdirSync(path.dirname(cached), { recursive: true });
  fs.writeFileSync(`${cached}.${process.pid}`, version);
  fs.renameSync(`${cached}.${process.pid}`, cached);
  return version;
}

main();
