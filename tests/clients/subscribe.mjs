// Subscribes with graphql-ws and prints each event as a line of JSON, until it is closed or killed; READY comes first.
// node subscribe.mjs URL TOKEN QUERY
import { createClient } from "graphql-ws";
import WebSocket from "ws";

const [url, token, query] = process.argv.slice(2);
const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);
const client = createClient({
  url,
  webSocketImpl: WebSocket,
  connectionParams: { authorization: `Bearer ${token}` },
  retryAttempts: 0,
  on: { connected: () => say("READY") },
});
try {
  for await (const event of client.iterate({ query })) say(event);
  say("complete");
} catch (error) {
  say({ closed: error.code, reason: error.reason ?? String(error) });
}
