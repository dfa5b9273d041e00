// Opens a YAML file as VS Code's YAML server does, offline, and prints what it says of it, as JSON.
// node editor.mjs FILE LINE COLUMN (from 1): the mistakes it underlines, and what it offers at that place
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

const require = createRequire(import.meta.url);
const rpc = require("vscode-jsonrpc/node");
const [file, line, column] = process.argv.slice(2);
const server = join(dirname(require.resolve("yaml-language-server/package.json")), "bin", "yaml-language-server");
const child = spawn(process.execPath, [server, "--stdio"], { stdio: ["pipe", "pipe", "inherit"] });
const connection = rpc.createMessageConnection(
  new rpc.StreamMessageReader(child.stdout),
  new rpc.StreamMessageWriter(child.stdin),
);
const uri = pathToFileURL(file).href;
const underlined = new Promise((found) =>
  connection.onNotification("textDocument/publishDiagnostics", (said) => said.uri === uri && found(said.diagnostics)),
);
const settings = { validate: true, completion: true, hover: true, schemaStore: { enable: false, url: "" } };
connection.onRequest("workspace/configuration", ({ items }) => items.map((each) => (each.section === "yaml" ? settings : {})));
connection.onRequest("client/registerCapability", () => null);
connection.listen();
await connection.sendRequest("initialize", {
  processId: process.pid,
  rootUri: pathToFileURL(dirname(file)).href,
  capabilities: { workspace: { configuration: true }, textDocument: { completion: {}, publishDiagnostics: {} } },
});
await connection.sendNotification("initialized", {});
await connection.sendNotification("textDocument/didOpen", {
  textDocument: { uri, languageId: "yaml", version: 1, text: readFileSync(file, "utf8") },
});
const wrong = (await underlined).map(({ message, range }) => ({ line: range.start.line + 1, message }));
const position = { line: Number(line) - 1, character: Number(column) - 1 };
const offered = await connection.sendRequest("textDocument/completion", { textDocument: { uri }, position });
const hover = await connection.sendRequest("textDocument/hover", { textDocument: { uri }, position });
const words = (offered.items ?? offered).map(({ label }) => label);
process.stdout.write(`${JSON.stringify({ wrong, words, hover: hover?.contents?.value ?? "" })}\n`);
child.kill();
process.exit(0);
