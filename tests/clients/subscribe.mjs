// Subscribes with graphql-ws and prints each event as a line of JSON, up to COUNT; READY comes first.
// node subscribe.mjs URL TOKEN QUERY COUNT
import { createClient } from "graphql-ws";
import WebSocket from "ws";

const [url, token, query, count] = process.argv.slice(2);
const client = createClient({
  url,
  webSocketImpl: WebSocket,
  connectionParams: { authorization: `Bearer ${token}` },
  retryAttempts: 0,
  lazy: false,
  on: { connected: () => process.stdout.write("READY\n") },
  onNonLazyError: (error) => {
    process.stdout.write(`${JSON.stringify({ closed: error.code, reason: error.reason })}\n`);
    process.exit(1);
  },
});
let seen = 0;
for await (const event of client.iterate({ query })) {
  process.stdout.write(`${JSON.stringify(event)}\n`);
  seen += 1;
  if (seen >= Number(count)) break;
}
await client.dispose();
process.exit(0);
