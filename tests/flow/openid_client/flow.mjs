// A partner's side of FAPI 2.0, by openid-client: private_key_jwt, PAR, PKCE, DPoP, code, token, API, refresh,
// introspection, revocation; with `signed` also JAR and JARM. Speaks with test_openid_client.py in lines of JSON: settings in, `authorize` out,
// the browser's callback in, one line out for each step.
import { createInterface } from 'node:readline'
import * as client from 'openid-client'

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const read = async () => JSON.parse((await lines.next()).value)
const say = (step, result) => process.stdout.write(JSON.stringify({ step, ...result }) + '\n')

// What a server refused, as OAuth says it.
const refusal = async (work) => {
  try {
    await work()
    return { error: null }
  } catch (failed) {
    return { error: failed.error ?? failed.cause?.error ?? String(failed), status: failed.status ?? 0 }
  }
}

const settings = await read()
const key = await crypto.subtle.importKey('jwk', settings.key, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign'])

const metadata = { dpop_bound_access_tokens: true, use_mtls_endpoint_aliases: false }
const authentication = client.PrivateKeyJwt({ key, kid: settings.key.kid })
const config = settings.initial_access_token
  ? await client.dynamicClientRegistration(
      new URL(settings.issuer),
      { ...metadata, ...settings.metadata },
      authentication,
      { algorithm: settings.discovery, initialAccessToken: settings.initial_access_token },
    )
  : await client.discovery(new URL(settings.issuer), settings.client_id, metadata, authentication, {
      algorithm: settings.discovery,
    })
say('client', { client_id: config.clientMetadata().client_id })
const server = config.serverMetadata()
say('discovered', { issuer: server.issuer, supportsPKCE: server.supportsPKCE() })

const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'))
const verifier = client.randomPKCECodeVerifier()
const state = client.randomState()
let asked = {
  redirect_uri: settings.redirect_uri,
  scope: settings.scope,
  code_challenge: await client.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256',
  state,
}
if (settings.signed) {
  // FAPI 2.0 Message Signing: the request as a JWT, and the response too
  client.useJwtResponseMode(config)
  asked = (await client.buildAuthorizationUrlWithJAR(config, asked, { key, kid: settings.key.kid })).searchParams
}
const address = await client.buildAuthorizationUrlWithPAR(config, asked, { DPoP })
say('authorize', { url: address.href })

const callback = new URL((await read()).url)
const checks = { pkceCodeVerifier: verifier, expectedState: state }
const tokens = await client.authorizationCodeGrant(config, callback, checks, undefined, { DPoP })
say('tokens', { type: tokens.token_type, expires_in: tokens.expires_in, scope: tokens.scope, refresh: !!tokens.refresh_token })

const call = async (accessToken, handle) => {
  const url = new URL(settings.api)
  try {
    const response = await client.fetchProtectedResource(config, accessToken, url, 'GET', undefined, undefined, { DPoP: handle })
    return { status: response.status, body: await response.json() }
  } catch (failed) {
    // oauth4webapi raises where the answer carries a challenge
    return { status: failed.status ?? failed.response?.status ?? 0, challenge: failed.cause?.[0]?.parameters ?? String(failed) }
  }
}
say('called', await call(tokens.access_token, DPoP))
const stranger = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'))
say('stolen', await call(tokens.access_token, stranger))

const renewed = await client.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP })
say('refreshed', { type: renewed.token_type, changed: renewed.access_token !== tokens.access_token })
say('called again', await call(renewed.access_token, DPoP))

const refresh = renewed.refresh_token ?? tokens.refresh_token
const about = await client.tokenIntrospection(config, renewed.access_token)
say('introspected', { active: about.active, client_id: about.client_id })

await client.tokenRevocation(config, refresh)
say('revoked', await refusal(() => client.refreshTokenGrant(config, refresh, undefined, { DPoP })))
say('called after', await call(renewed.access_token, DPoP))
say('code again', await refusal(() => client.authorizationCodeGrant(config, callback, checks, undefined, { DPoP })))
say('done', {})
process.exit(0)
