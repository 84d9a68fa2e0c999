// Applications that are pages alone, without a server that would finish a sign-in for them: clerk-js has to do it.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { install } from '../harness/app.js'
import { loadedAs, visit } from '../harness/browser.js'
import { development, production } from '../harness/deployments.js'
import { Groups } from '../harness/groups.js'
import { openWorlds } from '../harness/world.js'

export const name = 'pages'

const cwd = join(import.meta.dirname, '../pages')
const page = name => ({
  name,
  sdk: `@clerk/${name}`,
  framework: 'vite',
  cwd,
  node: '../node_modules/.bin',
  build: ['npm', 'run', 'build'],
  start: ['npm', 'start'],
  settings: () => ({ VITE_PAGE: name }),
})
const pages = ['react', 'vue'].map(page)

export const prepare = () => install(pages[0])

export async function main() {
  await prepare()
  await inDeployment(development, pages, [byLink, byForm])
  await inDeployment(production, pages.slice(0, 1), [byLink])
}

async function inDeployment(deployment, apps, bodies) {
  const { worlds, close } = await openWorlds(deployment, apps)
  const groups = new Groups()
  try {
    for (const world of worlds) {
      for (const body of bodies) await groups.run(world, body)
      await world.end()
      await world.check('no page asked for anything outside of this machine', () => world.staysHere())
    }
    await groups.repeat()
  } finally {
    await close()
  }
}

async function byLink(world) {
  await world.check('a link signs the page in, its user button opens the menu and signs out', async () => {
    const { page } = await visit(await world.person(), (await world.task()).url)
    const { agent } = await loadedAs(page, world.user.id)
    assert.match(agent, /^agent_/)
    await page.locator('.cl-userButtonTrigger').click()
    await page.getByText(world.email).first().waitFor()
    await page.getByText('Sign out').click()
    await loadedAs(page, '')
    await page.reload()
    await loadedAs(page, '')
    await page.context().close()
  })
}

async function byForm(world) {
  await world.check('the form is drawn for a stranger and signs in', async () => {
    const email = `grace-${world.app.name}+clerk_test@example.com`
    const { data: [known] } = await world.clerk.users.getUserList({ emailAddress: [email] })
    const grace = known ?? await world.clerk.users.createUser({ emailAddress: [email], firstName: 'Grace' })
    const { page } = await visit(await world.person(), world.dashboard)
    await loadedAs(page, '')
    await page.locator('input[name=identifier]').fill(email)
    await page.getByRole('button', { name: 'Continue', exact: true }).click()
    await page.getByText(/check your email/i).first().waitFor()
    await page.keyboard.type('424242')
    await loadedAs(page, grace.id)
    await page.locator('.cl-userButtonTrigger').waitFor()
    await page.context().close()
  })
}
