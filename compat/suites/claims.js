// Custom claims and JWT templates: made over @clerk/backend, asked for by clerk-js in the page, and read by `jose`, which knows
// nothing of Clerk and finds the keys where the Frontend API publishes them. On the same server, what others are told.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { verifyToken } from '@clerk/backend'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { loadedAs, visit } from '../harness/browser.js'
import { development } from '../harness/deployments.js'
import { Groups } from '../harness/groups.js'
import { openWorlds } from '../harness/world.js'
import { webhooks } from './webhooks.js'

export const name = 'claims'

export async function main(apps) {
  const app = { ...apps.find(app => app.name === 'backend'), name: 'claims' }
  const { worlds: [world], close } = await openWorlds(development, [app])
  const groups = new Groups()
  try {
    if (world) {
      await groups.run(world, customClaims)
      await groups.run(world, templates)
      await groups.run(world, webhooks)
      await world.end()
      await groups.repeat()
    }
  } finally {
    await close()
  }
}

// A page that is signed in, and the tokens that clerk-js gets for it.
async function tokens(world) {
  const { page } = await visit(await world.person(), (await world.task()).url)
  await loadedAs(page, world.user.id)
  return options => page.evaluate(options => window.Clerk.session.getToken(options), options)
}

// As any service would verify: with the issuer's published keys.
async function verified(world, token, audience) {
  const keys = createRemoteJWKSet(new URL('/.well-known/jwks.json', world.standin.publicUrl))
  // The issuer is the Frontend API as the publishable key names it.
  const { CLERK_PUBLISHABLE_KEY: key } = await world.standin.environment('express')
  const issuer = `http://${atob(key.split('_')[2]).slice(0, -1)}`
  return (await jwtVerify(token, keys, { algorithms: ['RS256'], issuer, audience })).payload
}

async function set(world, claims) {
  const { apiUrl, secretKey } = world.standin
  const answer = await fetch(`${apiUrl}/v1/instance/session_token`, {
    method: 'PATCH',
    headers: { authorization: `Bearer ${secretKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ claims }),
  })
  assert.equal(answer.status, 200, await answer.text())
}

async function customClaims(world) {
  await world.check('custom claims are in the session token, for the SDK and for jose with their audience', async () => {
    await world.clerk.users.updateUserMetadata(world.user.id, { publicMetadata: { plan: 'gold', tags: ['a'] } })
    await set(world, {
      aud: 'convex', metadata: '{{user.public_metadata}}', email: '{{user.primary_email_address}}', org: "{{org.id || 'none'}}",
    })
    const token = await (await tokens(world))()
    const { secretKey, apiUrl } = world.standin
    const expected = { aud: 'convex', metadata: { plan: 'gold', tags: ['a'] }, email: world.email, org: 'none' }
    for (const claims of [await verifyToken(token, { secretKey, apiUrl }), await verified(world, token, 'convex')]) {
      for (const [name, value] of Object.entries(expected)) assert.deepEqual(claims[name], value, name)
      assert.equal(claims.sub, world.user.id)
    }
    await assert.rejects(verified(world, token, 'other'), { code: 'ERR_JWT_CLAIM_VALIDATION_FAILED' })
  })
  await world.check('changed metadata is in the next token that the page asks for', async () => {
    const getToken = await tokens(world)
    await getToken()
    await world.clerk.users.updateUserMetadata(world.user.id, { publicMetadata: { plan: 'silver' } })
    const claims = await verified(world, await getToken({ skipCache: true }), 'convex')
    assert.equal(claims.metadata.plan, 'silver')
    await set(world, null)
  })
}

async function templates(world) {
  const made = []
  // Those of a first attempt.
  for (const { id } of (await world.clerk.jwtTemplates.list()).data) await world.clerk.jwtTemplates.delete(id)
  const create = async template => made.push(await world.clerk.jwtTemplates.create(template))
  await world.check('getToken({ template }) in the page gets a token that jose verifies for convex', async () => {
    await create({ name: 'convex', claims: { aud: 'convex', email: '{{user.primary_email_address}}' }, lifetime: 600 })
    const token = await (await tokens(world))({ template: 'convex' })
    const claims = await verified(world, token, 'convex')
    assert.equal(claims.sub, world.user.id)
    assert.equal(claims.email, world.email)
    assert.equal(claims.azp, new URL(world.dashboard).origin)
    assert.equal(claims.exp - claims.iat, 600)
    assert.deepEqual(Object.keys(claims).sort(), ['aud', 'azp', 'email', 'exp', 'iat', 'iss', 'jti', 'nbf', 'sub'])
    await assert.rejects(verified(world, token, 'other'), { code: 'ERR_JWT_CLAIM_VALIDATION_FAILED' })
  })
  await world.check('a template with a secret of its own signs with HS256, and jose verifies with that secret only', async () => {
    const secret = randomBytes(32).toString('hex')
    await create({
      name: 'hasura', claims: { 'https://hasura.io/jwt/claims': { 'x-hasura-user-id': '{{user.id}}' } },
      customSigningKey: true, signingAlgorithm: 'HS256', signingKey: secret,
    })
    const token = await (await tokens(world))({ template: 'hasura' })
    const key = text => new TextEncoder().encode(text)
    const { payload } = await jwtVerify(token, key(secret), { algorithms: ['HS256'] })
    assert.equal(payload['https://hasura.io/jwt/claims']['x-hasura-user-id'], world.user.id)
    await assert.rejects(jwtVerify(token, key('x'.repeat(64))), { code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED' })
  })
  await world.check('templates are listed, changed and deleted over the SDK; a name that nobody has is a 404', async () => {
    const { data } = await world.clerk.jwtTemplates.list()
    assert.deepEqual(data.map(({ name }) => name).sort(), ['convex', 'hasura'])
    const { id: templateId } = data.find(({ name }) => name === 'convex')
    const changed = await world.clerk.jwtTemplates.update({ templateId, name: 'renamed', claims: { aud: 'x' } })
    assert.deepEqual([changed.name, changed.lifetime, changed.claims], ['renamed', 600, { aud: 'x' }])
    const getToken = await tokens(world)
    await assert.rejects(getToken({ template: 'convex' }), /There is no JWT template|404|not found/i)
    for (const { id } of made) await world.clerk.jwtTemplates.delete(id)
    assert.equal((await world.clerk.jwtTemplates.list()).totalCount, 0)
  })
}
