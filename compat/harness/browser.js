// A real browser, and how to look at a page in it: what the server wrote and what clerk-js says.
import { existsSync } from 'node:fs'
import { chromium } from 'playwright-core'

export const executable = process.env.CHROMIUM ?? ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
  .find(existsSync)

// Names under example.test are this machine; every other name does not exist, so that a page that asks for something
// elsewhere fails.
const rules = 'MAP *.example.test 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1'

export function launch({ certificate } = {}) {
  const args = [
    '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', `--host-resolver-rules=${rules}`,
  ]
  if (certificate) args.push(`--ignore-certificate-errors-spki-list=${certificate.spki}`)
  return chromium.launch({ executablePath: executable, chromiumSandbox: false, args })
}

// A browser of its own for each: cookies and storage apart from all others.
export async function person(browser, options) {
  const context = await browser.newContext(options)
  context.setDefaultTimeout(15000)
  return context
}

// Follows an address and gives back the page, its answer, and the redirects on the way.
export async function visit(context, url) {
  const page = await context.newPage()
  const response = await page.goto(url)
  const way = []
  for (let request = response.request(); request; request = request.redirectedFrom()) way.unshift(request.url())
  return { page, response, way }
}

// What the server wrote into the page: who, as which agent, in which session.
export function served(page) {
  return page.locator('#server').evaluate(({ dataset: { user, agent, session } }) => ({ user, agent, session }))
}

// What clerk-js says, once it is loaded.
export async function loaded(page) {
  await page.locator('#client[data-loaded="true"]').waitFor({ state: 'attached' })
  return page.locator('#client').evaluate(({ dataset: { user, agent } }) => ({ user, agent }))
}

// Waits until clerk-js says that it is this user; '' is nobody.
export async function loadedAs(page, user) {
  await page.locator(`#client[data-loaded="true"][data-user="${user}"]`).waitFor({ state: 'attached' })
  return loaded(page)
}

// A request of the page's own, with whatever cookies it has.
export function post(page, path, headers) {
  return page.evaluate(async ([path, headers]) => {
    const answer = await fetch(path, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: '{}' })
    const text = await answer.text()
    return { status: answer.status, body: answer.ok ? JSON.parse(text) : text }
  }, [path, headers])
}

// A component's element. Clerk's SDK for React starts clerk-js before it listens for its being ready; in a busy browser it hears
// nothing of it, and draws nothing until the page is loaded again.
export async function drawn(page, selector) {
  const element = page.locator(selector)
  await element.waitFor({ timeout: 5000 }).catch(() => page.reload())
  return element
}
