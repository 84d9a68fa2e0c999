// @clerk/testing as it is published, and what test suites do besides: one user in many browsers at once, a state that the
// command line or a plain request saves. Of its Cypress half runs what needs no Cypress around it.
import assert from 'node:assert/strict'
import { createAgentTestingTask as createInCypress, clerkSetup as setupCypress } from '@clerk/testing/cypress'
import { clerk, clerkSetup, createAgentTestingTask, setupClerkTestingToken } from '@clerk/testing/playwright'
import { join } from 'node:path'
import { open, version } from '../harness/app.js'
import { launch, loaded, loadedAs, person, served, visit } from '../harness/browser.js'
import { development, loopback, production, productionTls } from '../harness/deployments.js'
import { withEnvironment } from '../harness/environment.js'
import { Groups } from '../harness/groups.js'
import '../harness/names.js'
import { freePort } from '../harness/ports.js'
import { run } from '../harness/process.js'
import { report } from '../harness/report.js'
import { binary, dev, plainEnvironment } from '../harness/standin.js'
import { openWorlds } from '../harness/world.js'

export const name = 'testing'

export async function main(apps) {
  const app = { ...apps.find(app => app.name === 'backend'), name: 'testing', sdk: '@clerk/testing' }
  await inDeployment(development, app, [tasks, setup, signInAndOut, together, withoutBrowser])
  await inDeployment(loopback, app, [testingToken, together])
  await inDeployment(production, app, [beforeTheLink])
  await inDeployment(productionTls, app, [beforeTheLink])
  await successors(app)
}

async function inDeployment(deployment, app, bodies) {
  const { worlds: [world], close } = await openWorlds(deployment, [app])
  const groups = new Groups()
  try {
    if (world) await withEnvironment(await settings(world), async () => {
      for (const body of bodies) await groups.run(world, body)
      await world.end()
      await groups.repeat()
    })
  } finally {
    await close()
  }
}

// dotenv, which clerkSetup brings along, otherwise advertises itself.
const settings = async world => ({ ...await world.standin.environment('express'), DOTENV_CONFIG_QUIET: 'true' })

const wish = world => ({
  onBehalfOf: { identifier: world.email },
  permissions: '*',
  agentName: 'e2e',
  taskDescription: 'Checkout test',
  redirectUrl: world.dashboard,
})

async function opensAs(world, url) {
  const { page } = await visit(await world.person(), url)
  assert.equal((await served(page)).user, world.user.id)
  await loadedAs(page, world.user.id)
  await page.context().close()
}

async function tasks(world) {
  await world.check('createAgentTestingTask for Playwright makes a link that signs a page in', async () => {
    await opensAs(world, (await createAgentTestingTask(wish(world))).url)
  })
  await world.check('createAgentTestingTask for Cypress, told where to, makes one outside of Cypress too', async () => {
    const { CLERK_API_URL: apiUrl, CLERK_SECRET_KEY: secretKey } = process.env
    await opensAs(world, (await createInCypress({ ...wish(world), apiUrl, secretKey })).url)
  })
}

async function setup(world) {
  await world.check('clerkSetup for Playwright learns the Frontend API from the key and fetches a testing token', async () => {
    await clerkSetup()
    assert.ok(process.env.CLERK_TESTING_TOKEN)
    assert.equal(process.env.CLERK_FAPI, hostIn(process.env.CLERK_PUBLISHABLE_KEY))
  })
  await world.check('clerkSetup for Cypress puts the same into its configuration', async () => {
    const { env } = await setupCypress({ config: { env: {} } })
    assert.ok(env.CLERK_TESTING_TOKEN)
    assert.equal(env.CLERK_FAPI, hostIn(process.env.CLERK_PUBLISHABLE_KEY))
  })
}

const hostIn = key => atob(key.split('_')[2]).replace(/\$$/, '')

async function signInAndOut(world) {
  await world.check('clerk.signIn signs an open page in with a sign-in token, clerk.signOut out again', async () => {
    const { page } = await visit(await world.person(), world.dashboard)
    await loadedAs(page, '')
    const { token } = await world.clerk.signInTokens.createSignInToken({ userId: world.user.id, expiresInSeconds: 60 })
    await clerk.signIn({ page, signInParams: { strategy: 'ticket', ticket: token } })
    await loadedAs(page, world.user.id)
    await page.reload()
    assert.equal((await served(page)).user, world.user.id)
    await clerk.signOut({ page, signOutOptions: { redirectUrl: `${world.dashboard}#done` } })
    await loadedAs(page, '')
    await page.goto(world.dashboard)
    assert.equal((await served(page)).user, '')
    await page.context().close()
  })
}

// The helper answers the page's calls itself, by way of Node, with the token added; that it did shows in what it changes.
async function testingToken(world) {
  await world.check('setupClerkTestingToken passes the calls of a page on, and clerk-js is signed in', async () => {
    await clerkSetup()
    const context = await world.person({ ignoreHTTPSErrors: true })
    const { page } = await visit(context, (await createAgentTestingTask(wish(world))).url)
    await loadedAs(page, world.user.id)
    await setupClerkTestingToken({ context })
    await page.reload()
    await loadedAs(page, world.user.id)
    assert.equal(await page.evaluate(() => window.Clerk.client.captchaBypass), true)
    await context.close()
  })
}

// As suites do it that set the helper up in a fixture. It fetches a task's link as well, again and again, because what comes
// back is no JSON, and in the end lets the page ask for it: the browser that holds the session lands again.
async function beforeTheLink(world) {
  await world.check('setupClerkTestingToken set up before the link is opened: the page is signed in, by one session', async () => {
    await clerkSetup()
    const context = await world.person({ ignoreHTTPSErrors: true })
    await setupClerkTestingToken({ context })
    const task = await world.task()
    const { page } = await visit(context, task.url)
    const { user, session } = await served(page)
    assert.equal(user, world.user.id)
    await loadedAs(page, world.user.id)
    assert.equal(await page.evaluate(() => window.Clerk.client.captchaBypass), true)
    const trail = await trailOf(world, task)
    assert.deepEqual(trail.slice(0, 3), ['task.create ok', 'session.create ok', 'task.accept ok'])
    assert.ok(trail.length > 3 && trail.slice(3).every(one => one === 'task.revisit ok'), trail.join())
    const { data: sessions } = await world.clerk.sessions.getSessionList({ userId: world.user.id })
    assert.deepEqual(sessions.map(({ id }) => id), [session])
    await page.reload()
    assert.equal((await served(page)).session, session)
    // The link is nobody else's for that.
    const { response } = await visit(await world.person({ ignoreHTTPSErrors: true }), task.url)
    assert.equal(response.status(), 400)
    await context.close()
  })
}

// Instances that keep nothing follow each other on one port, and a browser keeps what each has left: cookies of the same names,
// tokens of a key that nobody has any more.
async function successors(app) {
  const check = report.checks({ name: app.name, sdk: app.sdk, version: version(app), deployment: development.name })
  const [port, appPort] = [await freePort(), await freePort()]
  const origin = `http://localhost:${appPort}`
  const browser = await launch()
  const context = await person(browser)
  const turn = async (sentence, before) => {
    const standin = await dev({ port })
    const opened = await open(app, { standin, origin, port: appPort })
    await check(sentence, async () => {
      await before()
      const { id } = await standin.clerk.users.createUser({ emailAddress: ['ada-again@example.com'] })
      const { url } = await standin.clerk.agentTasks.create({
        onBehalfOf: { userId: id }, permissions: '*', agentName: 'e2e', taskDescription: 'Again', redirectUrl: `${origin}/dashboard`,
      })
      const { page } = await visit(context, url)
      assert.equal((await served(page)).user, id)
      await loadedAs(page, id)
      await page.reload()
      assert.equal((await served(page)).user, id)
      await page.close()
    }).finally(async () => {
      await opened.stop()
      await standin.stop()
    })
  }
  try {
    await turn('a link signs a fresh browser in', async () => {})
    await turn('after the instance was replaced on its port, a link signs the same browser in at once', async () => {})
    await turn('a page that is opened first is signed out, on the server and in itself, and the next link signs it in', async () => {
      const { page } = await visit(context, `${origin}/dashboard`)
      await loadedAs(page, '')
      await page.reload()
      assert.equal((await served(page)).user, '')
      await page.close()
    })
  } finally {
    await browser.close()
  }
}

// What the audit trail says of a task, oldest first.
async function trailOf(world, task) {
  const { CLERK_API_URL, CLERK_SECRET_KEY } = process.env
  const answer = await fetch(`${CLERK_API_URL}/v1/audit_logs?agent_task_id=${task.agentTaskId}`, {
    headers: { authorization: `Bearer ${CLERK_SECRET_KEY}` },
  })
  const { data } = await answer.json()
  return data.map(({ action, result }) => `${action} ${result}`).reverse()
}

async function together(world) {
  await world.check('one user in eight browsers at once has eight sessions', async () => {
    const sessions = await Promise.all(Array.from({ length: 8 }, async () => {
      const { page } = await visit(await world.person(), (await world.task()).url)
      const { user, session } = await served(page)
      assert.equal(user, world.user.id)
      await loadedAs(page, user)
      await page.context().close()
      return session
    }))
    assert.equal(new Set(sessions).size, 8)
  })
}

async function withoutBrowser(world) {
  await world.check('a link asked for JSON answers with a state in which a browser is signed in', async () => {
    const task = await world.task()
    const answer = await fetch(task.url, { headers: { accept: 'application/json' } })
    assert.equal(answer.status, 200)
    const { storage_state: storageState } = await answer.json()
    await startsSignedIn(world, storageState)
  })
  await world.check('standin task create --storage-state writes such a state into a file', async () => {
    const file = join(world.standin.folder, 'state.json')
    const { CLERK_API_URL, CLERK_SECRET_KEY } = process.env
    await run([binary, 'task', 'create', '--for', world.email, '--redirect', world.dashboard, '--storage-state', file], {
      name: 'standin task create',
      env: { ...plainEnvironment(), CLERK_API_URL, CLERK_SECRET_KEY },
    })
    await startsSignedIn(world, file)
  })
}

async function startsSignedIn(world, storageState) {
  const { page } = await visit(await world.person({ storageState }), world.dashboard)
  assert.equal((await served(page)).user, world.user.id)
  assert.deepEqual((await loaded(page)).user, world.user.id)
  await page.context().close()
}
