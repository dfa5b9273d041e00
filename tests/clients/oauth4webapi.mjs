// Sign-in, refresh, device and revocation with oauth4webapi, which checks every answer against the RFCs.
// node oauth4webapi.mjs ISSUER JSON; asks for a person as openid.mjs does.
import { createInterface } from "node:readline/promises";
import * as oauth from "oauth4webapi";

const [address, facts] = process.argv.slice(2);
const { web, box, machine, redirectUri } = JSON.parse(facts);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const say = (said) => process.stdout.write(`${JSON.stringify(said)}\n`);
const visit = async (where) => {
  say({ visit: String(where) });
  return (await lines.next()).value;
};
const issuer = new URL(address);
const plain = { [oauth.allowInsecureRequests]: true };
const report = {};
const servers = {};
for (const algorithm of ["oauth2", "oidc"]) {
  const answer = await oauth.discoveryRequest(issuer, { algorithm, ...plain });
  servers[algorithm] = await oauth.processDiscoveryResponse(issuer, answer);
}
const server = servers.oauth2;
const resource = await oauth.resourceDiscoveryRequest(issuer, plain);
report.resource = (await oauth.processResourceDiscoveryResponse(issuer, resource)).authorization_servers;

const app = { client_id: web.id };
const proof = oauth.ClientSecretBasic(web.secret);
const verifier = oauth.generateRandomCodeVerifier();
const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()];
const asked = new URL(server.authorization_endpoint);
asked.search = new URLSearchParams({
  client_id: web.id,
  response_type: "code",
  redirect_uri: redirectUri,
  scope: "openid profile twin:read",
  state,
  nonce,
  code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
  code_challenge_method: "S256",
});
const back = oauth.validateAuthResponse(server, app, new URL(await visit(asked)), state);
const bought = await oauth.authorizationCodeGrantRequest(server, app, proof, back, redirectUri, verifier, plain);
const tokens = await oauth.processAuthorizationCodeResponse(server, app, bought, {
  expectedNonce: nonce,
  requireIdToken: true,
});
await oauth.validateApplicationLevelSignature(server, bought, plain);
const { sub } = oauth.getValidatedIdTokenClaims(tokens);
const known = await oauth.userInfoRequest(servers.oidc, app, tokens.access_token, plain);
report.user = await oauth.processUserInfoResponse(servers.oidc, app, sub, known);

const request = new Request(new URL("/api/v1/sites", issuer), {
  headers: { authorization: `Bearer ${tokens.access_token}` },
});
report.access = (await oauth.validateJwtAccessToken(server, request, address, plain)).scope;

const refreshed = await oauth.refreshTokenGrantRequest(server, app, proof, tokens.refresh_token, plain);
const next = await oauth.processRefreshTokenResponse(server, app, refreshed);
await oauth.processRevocationResponse(await oauth.revocationRequest(server, app, proof, next.refresh_token, plain));
const looked = await oauth.introspectionRequest(server, app, proof, next.access_token, plain);
report.introspected = (await oauth.processIntrospectionResponse(server, app, looked)).active;

const device = { client_id: box.id };
const begun = await oauth.deviceAuthorizationRequest(server, device, oauth.None(), { scope: "twin:read" }, plain);
const codes = await oauth.processDeviceAuthorizationResponse(server, device, begun);
await visit(codes.verification_uri_complete);
const let_in = await oauth.deviceCodeGrantRequest(server, device, oauth.None(), codes.device_code, plain);
report.device = (await oauth.processDeviceCodeResponse(server, device, let_in)).scope;

const self = { client_id: machine.id };
const own = await oauth.clientCredentialsGrantRequest(server, self, oauth.ClientSecretPost(machine.secret), {}, plain);
report.machine = (await oauth.processClientCredentialsResponse(server, self, own)).scope;

say({ report });
process.exit(0);
