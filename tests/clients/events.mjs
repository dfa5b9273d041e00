// Subscribes with graphql-sse (distinct connections) and prints each event as a line of JSON, until it is over or killed.
// node events.mjs URL TOKEN QUERY
import { createClient } from "graphql-sse";

const [url, token, query] = process.argv.slice(2);
const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);
const client = createClient({ url, headers: { authorization: `Bearer ${token}` }, retryAttempts: 0 });
try {
  for await (const event of client.iterate({ query })) say(event);
  say("complete");
} catch (error) {
  say({ status: error.response?.status ?? null, reason: String(error.message) });
}
