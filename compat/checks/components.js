// What a framework's SDK brings for pages: components that @clerk/ui draws, hooks, and links that load no new document.
import assert from 'node:assert/strict'
import { drawn, loadedAs, served, visit } from '../harness/browser.js'

export async function components(world) {
  await world.check('the user button is drawn and opens, and what is for the signed-in shows', async () => {
    const page = await signedIn(world)
    await page.locator('#signed-in').waitFor()
    await (await drawn(page, '#user-button button')).click()
    await page.getByText(world.email).first().waitFor()
    await page.context().close()
  })
  await world.check('getToken in the page gets a new token for this user', async () => {
    const page = await signedIn(world)
    await page.locator('#get-token').click()
    const token = page.locator('#token', { hasText: '.' })
    const claims = JSON.parse(Buffer.from((await token.textContent()).split('.')[1], 'base64url'))
    assert.equal(claims.sub, world.user.id)
    await page.context().close()
  })
  await world.check('a stranger is shown nothing that is for the signed-in', async () => {
    const { page } = await visit(await world.person(), world.dashboard)
    await loadedAs(page, '')
    assert.equal(await page.locator('#signed-in').isVisible(), false)
    await page.context().close()
  })
  await world.check('a link to another page keeps the user, there and back', async () => {
    const page = await signedIn(world)
    await follow(page, 'other')
    assert.equal((await served(page)).user, world.user.id)
    await follow(page, 'dashboard')
    assert.equal((await served(page)).user, world.user.id)
    await page.context().close()
  })
}

// Clicks a link of the app's own and waits until its page is there.
export async function follow(page, name) {
  await page.locator(`#to-${name}`).click()
  await page.waitForURL(`**/${name}`)
  await page.locator('h1', { hasText: `/${name}` }).waitFor()
}

async function signedIn(world) {
  const { page } = await visit(await world.person(), (await world.task()).url)
  await loadedAs(page, world.user.id)
  return page
}
