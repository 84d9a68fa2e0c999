// From a task's link to a signed-in page.
import assert from 'node:assert/strict'
import { loaded, loadedAs, post, served, visit } from '../harness/browser.js'

const nobody = { user: '', agent: '', session: '' }

export async function arrival(world) {
  await stranger(world)
  const page = await invited(world)
  await world.check('a task for an e-mail address signs the same user in', async () => {
    const task = await world.task({ onBehalfOf: { identifier: world.email } })
    const { page } = await visit(await world.person(), task.url)
    assert.equal((await served(page)).user, world.user.id)
    await page.context().close()
  })
  await world.check('the example endpoint makes a task for the signed-in user, and its link works in another browser', async () => {
    const { status, body } = await post(page, '/api/example')
    assert.equal(status, 200, body)
    const { page: other } = await visit(await world.person(), body.agentTask.url)
    assert.equal(other.url(), world.dashboard)
    const { user, agent } = await served(other)
    assert.deepEqual({ user, agent }, { user: world.user.id, agent: body.agentTask.agentId })
    assert.deepEqual(await loadedAs(other, user), { user, agent })
    await other.context().close()
  })
  await world.check('a token that the page asks for signs a request in without cookies', async () => {
    const token = await page.evaluate(() => window.Clerk.session.getToken())
    const { page: stranger } = await visit(await world.person(), world.dashboard)
    const { status } = await post(stranger, '/api/example', { authorization: `Bearer ${token}` })
    assert.equal(status, 200)
    await stranger.context().close()
  })
  await page?.context().close()
}

async function stranger(world) {
  const context = await world.person()
  let page
  await world.check('a stranger is signed out, on the server and in the page', async () => {
    const arrived = await visit(context, world.dashboard)
    page = arrived.page
    assert.equal(arrived.response.status(), 200)
    assert.ok(arrived.way.length <= world.deployment.strangerHops, arrived.way.join('\n'))
    assert.deepEqual(await served(page), nobody)
    assert.deepEqual(await loaded(page), { user: '', agent: '' })
  })
  await world.check('the example endpoint answers a stranger with 401', async () => {
    assert.equal((await post(page, '/api/example')).status, 401)
  })
  await context.close()
}

async function invited(world) {
  const context = await world.person()
  let task, arrived
  await world.check('a task for a user id opens the page as that user and agent, rendered by the server', async () => {
    task = await world.task()
    arrived = await visit(context, task.url)
    const { user, agent, session } = await served(arrived.page)
    assert.deepEqual({ user, agent }, { user: world.user.id, agent: task.agentId })
    assert.match(session, /^sess_\w{27}$/)
  })
  await world.check('clerk-js in the page shows the same user and agent', async () => {
    assert.deepEqual(await loadedAs(arrived.page, world.user.id), { user: world.user.id, agent: task.agentId })
  })
  await world.check(`from the link to the page it takes at most ${world.deployment.hops} answers, none of them twice`, async () => {
    const { way } = arrived
    assert.ok(way.length <= world.deployment.hops, way.join('\n'))
    assert.equal(new Set(way).size, way.length, way.join('\n'))
  })
  await world.check('the address of the page carries nothing of the sign-in', async () => {
    assert.equal(arrived.page.url(), world.dashboard)
  })
  return arrived?.page
}
