// A department's site on node's openid-client: log-in, userinfo, refresh and log-out, each answer shown as JSON.
// From the environment: ISSUER, CLIENT_ID, PORT, and CLIENT_SECRET or CLIENT_KEY (a private JWK, for private_key_jwt).
import http from 'node:http'
import * as client from 'openid-client'

const { ISSUER, CLIENT_ID, CLIENT_SECRET, CLIENT_KEY, PORT } = process.env
const HERE = `http://127.0.0.1:${PORT}`
const REDIRECT = `${HERE}/callback`

async function authentication() {
  if (!CLIENT_KEY) return client.ClientSecretBasic(CLIENT_SECRET)
  const jwk = JSON.parse(CLIENT_KEY)
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
  return client.PrivateKeyJwt({ key: await crypto.subtle.importKey('jwk', jwk, algorithm, false, ['sign']), kid: jwk.kid })
}

const metadata = CLIENT_KEY ? { id_token_signed_response_alg: process.env.ALGORITHM || 'ES256' } : {}
const config = await client.discovery(new URL(ISSUER), CLIENT_ID, metadata, await authentication(), {
  execute: [client.allowInsecureRequests], // loopback, in a test
})

let pending = {}
let tokens

async function begin(extra) {
  const verifier = client.randomPKCECodeVerifier()
  pending = { pkceCodeVerifier: verifier, expectedState: client.randomState(), expectedNonce: client.randomNonce() }
  if (extra.max_age) pending.maxAge = Number(extra.max_age)
  const parameters = {
    redirect_uri: REDIRECT,
    scope: 'openid profile offline_access',
    prompt: 'consent',
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state: pending.expectedState,
    nonce: pending.expectedNonce,
    ...extra,
  }
  if (parameters.par) {
    delete parameters.par
    return client.buildAuthorizationUrlWithPAR(config, parameters)
  }
  return client.buildAuthorizationUrl(config, parameters)
}

async function callback(url) {
  tokens = await client.authorizationCodeGrant(config, url, { ...pending, idTokenExpected: true })
  const claims = tokens.claims()
  const userinfo = await client.fetchUserInfo(config, tokens.access_token, claims.sub)
  const before = tokens.access_token
  let refreshed = false
  if (tokens.refresh_token) {
    const next = await client.refreshTokenGrant(config, tokens.refresh_token)
    const again = await client.fetchUserInfo(config, next.access_token, claims.sub)
    refreshed = next.access_token !== before && again.sub === claims.sub
  }
  return { claims, userinfo, refreshed, iss: url.searchParams.get('iss') }
}

async function answer(request, response) {
  const url = new URL(request.url, HERE)
  const go = (to) => response.writeHead(302, { Location: to.href }).end()
  const say = (body) =>
    response.writeHead(200, { 'Content-Type': 'text/html' }).end(`<pre id="answer">${JSON.stringify(body).replaceAll('<', '\\u003c')}</pre>`)
  if (url.pathname === '/login') return go(await begin(Object.fromEntries(url.searchParams)))
  if (url.pathname === '/callback') return say(await callback(url))
  if (url.pathname === '/logout') {
    return go(client.buildEndSessionUrl(config, {
      id_token_hint: tokens.id_token, post_logout_redirect_uri: `${HERE}/bye`, state: 'back-again',
    }))
  }
  return say({ path: url.pathname, state: url.searchParams.get('state') })
}

http
  .createServer((request, response) =>
    answer(request, response).catch((error) => {
      response.writeHead(500, { 'Content-Type': 'text/html' }).end(`<pre id="answer">${JSON.stringify({ error: error.message, code: error.code, cause: String(error.cause?.message ?? '') })}</pre>`)
    }),
  )
  .listen(Number(PORT), '127.0.0.1', () => console.log('ready'))
