// Runs the audits of graphql-http (the GraphQL over HTTP specification) and prints those that are not met, as JSON.
// node audit.mjs URL TOKEN
import { auditServer } from "graphql-http";

const [url, token] = process.argv.slice(2);
const authorized = (input, init = {}) =>
  fetch(input, { ...init, headers: { ...init.headers, authorization: `Bearer ${token}` } });
const results = await auditServer({ url, fetchFn: authorized });
const unmet = results.filter((each) => each.status !== "ok").map(({ name, status, reason }) => ({ name, status, reason }));
process.stdout.write(`${JSON.stringify({ audits: results.length, unmet })}\n`);
