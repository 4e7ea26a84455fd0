// A partner's side of FAPI 2.0, by openid-client, in every variant: private_key_jwt or a certificate, tokens bound by DPoP
// or by the certificate, with OpenID Connect or without, signed requests (JAR), signed responses (JARM), rich requests (RAR);
// from discovery over PAR, code, token, API, claims, refresh, introspection to revocation, and a token for the client itself.
// Speaks with test_openid_client.py in lines of JSON: settings in, `authorize` out, the browser's callback in, one line out
// for each step.
import { readFileSync } from 'node:fs'
import https from 'node:https'
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
const { auth, bind, openid, jar, jarm, rar } = settings.variant
const key = settings.key && (await crypto.subtle.importKey('jwk', settings.key, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign']))
const signing = { key, kid: settings.key?.kid }

// fetch() shows no client certificate; node:https does.
const withCertificate = (url, options) =>
  new Promise((resolve, reject) => {
    const { cert, key, ca } = Object.fromEntries(Object.entries(settings.tls).map(([name, path]) => [name, readFileSync(path)]))
    const headers = Object.fromEntries(new Headers(options.headers))
    const request = https.request(url, { method: options.method, headers, cert, key, ca }, (answer) => {
      const parts = []
      answer.on('data', (part) => parts.push(part))
      answer.on('end', () => {
        const fields = Object.entries(answer.headers).map(([name, value]) => [name, String(value)])
        const body = [204, 304].includes(answer.statusCode) ? null : Buffer.concat(parts)
        resolve(new Response(body, { status: answer.statusCode, headers: fields }))
      })
    })
    request.on('error', reject)
    request.end(options.body?.toString())
  })
const metadata = {
  dpop_bound_access_tokens: bind === 'dpop',
  tls_client_certificate_bound_access_tokens: bind === 'mtls',
  use_mtls_endpoint_aliases: !!settings.tls,
  id_token_signed_response_alg: 'ES256',
  authorization_signed_response_alg: 'ES256',
}
const authentication = auth === 'mtls' ? client.TlsClientAuth() : client.PrivateKeyJwt(signing)
const algorithm = openid ? 'oidc' : 'oauth2'
const config = settings.initial_access_token
  ? await client.dynamicClientRegistration(
      new URL(settings.issuer),
      { ...metadata, ...settings.metadata },
      authentication,
      { algorithm, initialAccessToken: settings.initial_access_token },
    )
  : await client.discovery(new URL(settings.issuer), settings.client_id, metadata, authentication, { algorithm })
say('client', { client_id: config.clientMetadata().client_id })
if (settings.tls) config[client.customFetch] = withCertificate
const server = config.serverMetadata()
say('discovered', { issuer: server.issuer, supportsPKCE: server.supportsPKCE() })

const handle = async () => (bind === 'dpop' ? client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256')) : undefined)
const DPoP = await handle()
const verifier = client.randomPKCECodeVerifier()
const state = client.randomState()
const nonce = openid ? client.randomNonce() : undefined
let asked = {
  redirect_uri: settings.redirect_uri,
  scope: settings.scope,
  code_challenge: await client.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256',
  state,
  ...(openid ? { nonce } : {}),
  ...(rar ? { authorization_details: JSON.stringify(settings.details) } : {}),
}
if (jarm) client.useJwtResponseMode(config)
if (jar) asked = (await client.buildAuthorizationUrlWithJAR(config, asked, signing)).searchParams
const address = await client.buildAuthorizationUrlWithPAR(config, asked, { DPoP })
say('authorize', { url: address.href })

const callback = new URL((await read()).url)
const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: openid }
const tokens = await client.authorizationCodeGrant(config, callback, checks, undefined, { DPoP })
say('tokens', {
  type: tokens.token_type,
  expires_in: tokens.expires_in,
  scope: tokens.scope,
  refresh: !!tokens.refresh_token,
  subject: tokens.claims()?.sub ?? null,
  details: tokens.authorization_details ?? null,
})

const call = async (accessToken, proving, fetching) => {
  const url = new URL(settings.api)
  const usual = config[client.customFetch]
  if (fetching) config[client.customFetch] = fetching
  try {
    const response = await client.fetchProtectedResource(config, accessToken, url, 'GET', undefined, undefined, { DPoP: proving })
    return { status: response.status, body: await response.json() }
  } catch (failed) {
    // oauth4webapi raises where the answer carries a challenge
    return { status: failed.status ?? failed.response?.status ?? 0, challenge: failed.cause?.[0]?.parameters ?? String(failed) }
  } finally {
    if (fetching) config[client.customFetch] = usual
  }
}
say('called', await call(tokens.access_token, DPoP))
// a thief has another key, or no certificate
say('stolen', await call(tokens.access_token, await handle(), (url, options) => fetch(url, options)))
if (openid) {
  const claims = await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub, { DPoP })
  say('claims', { subject: claims.sub })
}

const renewed = await client.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP })
say('refreshed', { type: renewed.token_type, changed: renewed.access_token !== tokens.access_token })
say('called again', await call(renewed.access_token, DPoP))

const refresh = renewed.refresh_token ?? tokens.refresh_token
const about = await client.tokenIntrospection(config, renewed.access_token)
say('introspected', { active: about.active, client_id: about.client_id, bound: Object.keys(about.cnf ?? {}) })

const own = await client.clientCredentialsGrant(config, { scope: 'accounts' }, { DPoP })
say('own', { type: own.token_type, refresh: !!own.refresh_token })

await client.tokenRevocation(config, refresh)
say('revoked', await refusal(() => client.refreshTokenGrant(config, refresh, undefined, { DPoP })))
say('called after', await call(renewed.access_token, DPoP))
say('code again', await refusal(() => client.authorizationCodeGrant(config, callback, checks, undefined, { DPoP })))
say('done', {})
process.exit(0)
