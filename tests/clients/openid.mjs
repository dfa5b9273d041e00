// Every grant with openid-client, from nothing but the issuer. A person answers by hand: for each address it prints
// ({"visit": …}) it waits for a line on standard input, the address that their browser ended at (or an empty line).
// node openid.mjs ISSUER JSON, with clients (machine, web, public, keyed), initialToken and redirectUri.
import { createInterface } from "node:readline/promises";
import { importJWK } from "jose";
import * as client from "openid-client";

const [issuer, facts] = process.argv.slice(2);
const { machine, web, box, keyed, initialToken, redirectUri } = JSON.parse(facts);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const say = (said) => process.stdout.write(`${JSON.stringify(said)}\n`);
const visit = async (address) => {
  say({ visit: String(address) });
  return (await lines.next()).value;
};
const found = (id, authentication) =>
  client.discovery(new URL(issuer), id, undefined, authentication, { execute: [client.allowInsecureRequests] });

async function signIn(config, scope, pushed = false) {
  const verifier = client.randomPKCECodeVerifier();
  const [state, nonce] = [client.randomState(), client.randomNonce()];
  const asked = {
    redirect_uri: redirectUri,
    scope,
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    state,
    nonce,
    resource: issuer,
  };
  const address = pushed
    ? await client.buildAuthorizationUrlWithPAR(config, asked)
    : client.buildAuthorizationUrl(config, asked);
  const back = new URL(await visit(address));
  const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true };
  return client.authorizationCodeGrant(config, back, checks, { resource: issuer });
}

const report = {};

const machines = await found(machine.id, client.ClientSecretBasic(machine.secret));
report.machine = (await client.clientCredentialsGrant(machines, { scope: "twin:read" })).scope;

const key = { key: await importJWK(keyed.key, "ES256"), kid: keyed.key.kid };
const keys = await found(keyed.id, client.PrivateKeyJwt(key));
report.keyed = (await client.clientCredentialsGrant(keys, { scope: "twin:read" })).scope;

const webs = await found(web.id, client.ClientSecretPost(web.secret));
const tokens = await signIn(webs, "openid email twin:read");
report.claims = tokens.claims();
report.user = await client.fetchUserInfo(webs, tokens.access_token, tokens.claims().sub);
const api = new URL("/api/v1/sites", issuer);
report.sites = await (await client.fetchProtectedResource(webs, tokens.access_token, api, "GET")).json();
const again = await client.refreshTokenGrant(webs, tokens.refresh_token);
report.introspected = (await client.tokenIntrospection(webs, again.access_token)).active;
await client.tokenRevocation(webs, again.refresh_token);
report.revoked = await client.refreshTokenGrant(webs, again.refresh_token).catch((error) => error.error);
report.pushed = (await signIn(webs, "openid twin:read", true)).scope;

const boxes = await found(box.id, client.None());
const asked = await client.initiateDeviceAuthorization(boxes, { scope: "twin:read" });
await visit(asked.verification_uri_complete);
report.device = (await client.pollDeviceAuthorizationGrant(boxes, asked)).scope;

const registered = await client.dynamicClientRegistration(
  new URL(issuer),
  {
    client_name: "Registered",
    redirect_uris: [redirectUri],
    grant_types: ["authorization_code", "refresh_token"],
    token_endpoint_auth_method: "none",
  },
  client.None(),
  { initialAccessToken: initialToken, execute: [client.allowInsecureRequests] },
);
report.registered = (await signIn(registered, "openid twin:read")).scope;

say({ report });
process.exit(0);
