// Answers `--version` and `--standard-json` as the native solc does, over the WebAssembly build in npm's `solc`:
// forge and py-solc-x only know how to start a program, and the native one is in no package registry.
//
// Generating code takes nearly all of the time (50 s for the ledger) and goes contract by contract, so it is spread over the
// cores: a first pass analyses everything, then each worker takes contracts one by one. The code is the same to the byte,
// since every pass sees the same sources.
"use strict";
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { Worker, isMainThread, parentPort, workerData } = require("node:worker_threads");

const HELP = `usage: solc --version | --standard-json [FILE] [--base-path P] [--include-path P] [--allow-paths P,...]`;
const WORKERS_MAX = 4; // each needs 300 MB
const NEEDS_CODE = /^(\*|evm(\.(bytecode|deployedBytecode|assembly|legacyAssembly|gasEstimates).*)?|ir.*|yul.*)$/;

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

function compile(input, options) {
  return JSON.parse(require("solc").compile(JSON.stringify(input), { import: importReader(options) }));
}

const withSelection = (input, outputSelection) => ({ ...input, settings: { ...input.settings, outputSelection } });

// The outputs asked for, file by contract, parted into those that need generated code and those that do not.
function partSelection(selection) {
  const front = {};
  const code = {};
  for (const [file, contracts] of Object.entries(selection)) {
    for (const [contract, outputs] of Object.entries(contracts)) {
      (front[file] ??= {})[contract] = outputs.filter((output) => !NEEDS_CODE.test(output));
      (code[file] ??= {})[contract] = outputs.filter((output) => NEEDS_CODE.test(output));
    }
  }
  return { front, code };
}

// Contracts with code of their own one at a time, the longest sources first; all that is quickly done (interfaces, libraries of
// internal functions) as one task, since each task analyses the sources again.
function tasksOf(input, analysed, code) {
  const heavy = [];
  const light = {};
  for (const [file, contracts] of Object.entries(analysed.contracts ?? {})) {
    for (const [contract, facts] of Object.entries(contracts)) {
      const outputs = [code[file]?.[contract], code[file]?.["*"], code["*"]?.[contract], code["*"]?.["*"]].flatMap((o) => o ?? []);
      if (!outputs.length) continue;
      const text = input.sources[file]?.content ?? "";
      const isConcrete = new RegExp(`^\\s*(contract|library)\\s+${contract}\\b`, "m").test(text);
      const hasFunctions = Object.keys(facts.evm?.methodIdentifiers ?? {}).length > 0;
      if (isConcrete && hasFunctions) heavy.push([text.length, { [file]: { [contract]: outputs } }]);
      else (light[file] ??= {})[contract] = outputs;
    }
  }
  const tasks = heavy.sort((a, b) => b[0] - a[0]).map(([, task]) => task);
  return Object.keys(light).length ? [...tasks, light] : tasks;
}

function merge(into, from) {
  for (const [key, value] of Object.entries(from)) {
    const isObject = value !== null && typeof value === "object" && !Array.isArray(value);
    if (isObject && into[key] !== null && typeof into[key] === "object") merge(into[key], value);
    else into[key] = value;
  }
}

async function compileInParallel(input, options) {
  const { front, code } = partSelection(input.settings?.outputSelection ?? {});
  const isSmall = !Object.values(code).some((contracts) => Object.values(contracts).some((outputs) => outputs.length));
  const workersMax = Math.min(os.availableParallelism?.() ?? os.cpus().length, WORKERS_MAX);
  if (isSmall || workersMax < 2 || input.language !== "Solidity") return compile(input, options);

  for (const contracts of Object.values(front)) for (const outputs of Object.values(contracts)) outputs.push("evm.methodIdentifiers");
  const result = compile(withSelection(input, front), options);
  if ((result.errors ?? []).some((error) => error.severity === "error")) return result;

  const tasks = tasksOf(input, result, code);
  const errors = new Map((result.errors ?? []).map((error) => [error.formattedMessage, error]));
  const work = (task) => {
    const part = compile(withSelection(input, task), options);
    return { contracts: part.contracts ?? {}, errors: part.errors ?? [] };
  };
  const collect = ({ contracts, errors: found }) => {
    merge(result.contracts, contracts);
    for (const error of found) errors.set(error.formattedMessage, error);
  };
  const workers = tasks.length > 1 ? Math.min(workersMax, tasks.length) - 1 : 0;
  const done = Array.from({ length: workers }, () => runWorker({ input, options }, tasks, collect));
  // This thread has the compiler warm already.
  while (tasks.length) {
    collect(work(tasks.shift()));
    await new Promise(setImmediate);
  }
  await Promise.all(done);
  if (errors.size) result.errors = [...errors.values()];
  return result;
}

function runWorker(data, tasks, collect) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(__filename, { workerData: data });
    const next = () => {
      if (tasks.length) worker.postMessage(tasks.shift());
      else worker.terminate().then(resolve);
    };
    worker.on("message", (part) => {
      collect(part);
      next();
    });
    worker.on("error", reject);
    next();
  });
}

function serveTasks() {
  const { input, options } = workerData;
  parentPort.on("message", (task) => {
    const { contracts = {}, errors = [] } = compile(withSelection(input, task), options);
    parentPort.postMessage({ contracts, errors });
  });
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

async function main() {
  const options = parse(process.argv.slice(2));
  if (options.action === null || options.action === "--help") return void process.stdout.write(HELP + "\n");
  if (options.action === "--version") {
    const version = compilerVersion();
    return void process.stdout.write(`solc, the solidity compiler commandline interface\nVersion: ${version}\n`);
  }
  const text = fs.readFileSync(options.file && options.file !== "-" ? options.file : 0, "utf8");
  let input;
  try {
    input = JSON.parse(text);
  } catch {
    return void process.stdout.write(require("solc").compile(text) + "\n"); // the compiler's own words for bad input
  }
  process.stdout.write(JSON.stringify(await compileInParallel(input, options)) + "\n");
}

if (isMainThread) main().catch((error) => fail(error.stack));
else serveTasks();
