// One sign-in for many: what test suites do that sign in once and start every worker from the saved state.
import assert from 'node:assert/strict'
import { loadedAs, post, served, visit } from '../harness/browser.js'

// Opens the page from a saved state in several browsers at once; all are in the session that was saved.
export async function openTogether(world, storageState, { browsers, user, session }) {
  await Promise.all(Array.from({ length: browsers }, async () => {
    const context = await world.person({ storageState })
    const { page } = await visit(context, world.dashboard)
    const seen = await served(page)
    assert.deepEqual([seen.user, seen.session], [user, session])
    await loadedAs(page, user)
    assert.equal((await post(page, '/api/example')).status, 200)
    await context.close()
  }))
}

export async function reuse(world) {
  await world.check('a state saved after one sign-in opens the page in four browsers at once', async () => {
    const { page } = await visit(await world.person(), (await world.task()).url)
    await loadedAs(page, world.user.id)
    const storageState = await page.context().storageState()
    await openTogether(world, storageState, { browsers: 4, ...await served(page) })
    await page.context().close()
  })
}
