// A session that somebody ends is over at once where a page is open, and on the server with its next request.
import assert from 'node:assert/strict'
import { loadedAs, post, served, visit } from '../harness/browser.js'

export async function endings(world) {
  await world.check('signing out in the page signs the server out too', async () => {
    const page = await signedIn(world)
    // clerk-js goes to this address when it is done; for a place in the same page nothing is loaded.
    const done = `${world.dashboard}#done`
    await page.evaluate(url => { window.Clerk.signOut({ redirectUrl: url }) }, done)
    await page.waitForURL(done)
    await isOver(world, page)
  })
  await world.check('a session revoked over the Backend API ends in the open page and on the server', async () => {
    const page = await signedIn(world)
    const { session } = await served(page)
    await world.clerk.sessions.revokeSession(session)
    await page.evaluate(() => window.Clerk.session.getToken({ skipCache: true }).catch(() => null))
    await isOver(world, page)
  })
}

async function signedIn(world) {
  const { page } = await visit(await world.person(), (await world.task()).url)
  await loadedAs(page, world.user.id)
  return page
}

// The page notices, and so does the server when it is asked again.
async function isOver(world, page) {
  await loadedAs(page, '')
  assert.equal((await post(page, '/api/example')).status, 401)
  await page.goto(world.dashboard)
  assert.equal((await served(page)).user, '')
  await loadedAs(page, '')
  await page.context().close()
}
