// A certified OpenID Connect provider (npm oidc-provider), as somebody else would run one beside a twin.
//
//   node issuer.mjs PORT KEYS AUDIENCE        KEYS: a file with a private JWK set, of which the first key signs
//
// Prints one line once it listens. Tokens are JWTs in the profile of RFC 9068 for AUDIENCE, opaque for anybody else.
// `app` signs people in with code and PKCE (any login is somebody, `groups` are what the login says after a colon),
// `machine` has a secret and acts in its own name.
import { readFileSync } from 'node:fs'
import Provider from 'oidc-provider'

const [port, keys, audience] = process.argv.slice(2)
const issuer = `http://127.0.0.1:${port}`
const SCOPES = 'twin:read twin:read-private twin:write telemetry:write'

const provider = new Provider(issuer, {
  jwks: JSON.parse(readFileSync(keys, 'utf8')),
  clients: [
    {
      client_id: 'app',
      redirect_uris: ['http://127.0.0.1:5/back'],
      token_endpoint_auth_method: 'none',
      application_type: 'native',
      response_types: ['code'],
      grant_types: ['authorization_code'],
    },
    {
      client_id: 'machine',
      client_secret: 'a secret of the tests',
      redirect_uris: [],
      response_types: [],
      grant_types: ['client_credentials'],
    },
  ],
  clientDefaults: { id_token_signed_response_alg: 'ES256' },
  cookies: { keys: ['of the tests'] },
  scopes: ['openid', 'email', 'profile', ...SCOPES.split(' ')],
  claims: { openid: ['sub'], email: ['email', 'email_verified'] },
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_, resource) => ({
        scope: SCOPES,
        audience: resource,
        accessTokenFormat: resource.endsWith('/opaque') ? 'opaque' : 'jwt',
        jwt: { sign: { alg: 'ES256' } },
      }),
      defaultResource: () => audience,
      useGrantedResource: () => true,
    },
  },
  extraTokenClaims: (_, token) => {
    const [login, groups] = (token.accountId ?? '').split(':')
    return token.accountId && { email: `${login}@example.com`, email_verified: true, groups: groups ? groups.split(',') : [] }
  },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, email: `${id.split(':')[0]}@example.com` }) }),
})

provider.listen(Number(port), '127.0.0.1', () => console.log(JSON.stringify({ issuer })))
