// The page that asks before a link is opened: whoever made the link wants its visitor asked, or another site has sent a
// signed-in browser there to become somebody else.
import assert from 'node:assert/strict'
import { loadedAs, served, visit } from '../harness/browser.js'

export async function questions(world) {
  await world.check('a link that asks opens nothing by itself, and the page by its button', async () => {
    const { url } = await world.task({ confirm: 'visitor' })
    const { page, response } = await visit(await world.person(), url)
    assert.equal(response.status(), 200)
    await asks(page, 'compat')
    await page.reload()
    await agrees(page, world, world.user)
    await page.context().close()
  })
  await world.check('another site makes a signed-in browser nobody else before its user agrees', async () => {
    const eve = await world.clerk.users.createUser({ emailAddress: [`eve-${process.pid}-${made++}@example.com`] })
    const context = await world.person()
    const { page } = await visit(context, (await world.task()).url)
    await loadedAs(page, world.user.id)
    const { url } = await world.task({ onBehalfOf: { userId: eve.id } })
    const elsewhere = await foreign(context, url)
    await elsewhere.getByRole('link').click()
    await asks(elsewhere, eve.primaryEmailAddress.emailAddress)
    await page.reload()
    await loadedAs(page, world.user.id)
    // Its clerk-js may have a token under way, and would write it over the next user's.
    await page.close()
    await agrees(elsewhere, world, eve)
    await context.close()
  })
}

let made = 0

const button = page => page.getByRole('button', { name: 'Sign in', exact: true })

async function asks(page, named) {
  await button(page).waitFor()
  assert.match(await page.locator('main').innerText(), new RegExp(named.replaceAll('.', '\\.')))
}

async function agrees(page, world, user) {
  await button(page).click()
  await page.waitForURL(url => url.href.startsWith(world.dashboard))
  await loadedAs(page, user.id)
  assert.equal((await served(page)).user, user.id)
}

// A page of another site with a link to an address.
async function foreign(context, url) {
  const page = await context.newPage()
  const body = `<a href="${url}">Your prize</a>`
  await page.route('http://elsewhere.test/', route => route.fulfill({ contentType: 'text/html', body }))
  await page.goto('http://elsewhere.test/')
  return page
}
