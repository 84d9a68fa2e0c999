// The snippets of the project's README, taken out of it and run as they are, but for the application's address.
import assert from 'node:assert/strict'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { served, visit } from '../harness/browser.js'
import { development } from '../harness/deployments.js'
import { withEnvironment } from '../harness/environment.js'
import { Groups } from '../harness/groups.js'
import { run } from '../harness/process.js'
import { binary, plainEnvironment } from '../harness/standin.js'
import { openWorlds } from '../harness/world.js'

export const name = 'readme'

const FIRST_USER = 'ada@example.com'

export async function main(apps) {
  const readme = await readFile(join(import.meta.dirname, '../../README.md'), 'utf8')
  const app = { ...apps.find(app => app.name === 'backend'), name: 'readme' }
  const { worlds: [world], close } = await openWorlds(development, [app])
  const groups = new Groups()
  try {
    if (world) await withEnvironment(await world.standin.environment('express'), async () => {
      await groups.run(world, async function snippets(world) { await snippetsOf(readme, world) })
      await world.end()
      await groups.repeat()
    })
  } finally {
    await close()
  }
}

async function snippetsOf(readme, world) {
  const snippet = containing => fence(readme, containing).replaceAll('http://localhost:3000', new URL(world.dashboard).origin)
  const { data: [ada] } = await world.clerk.users.getUserList({ emailAddress: [FIRST_USER] })

  await world.check('the README\'s snippet for Playwright leaves the page signed in', async () => {
    const context = await world.person()
    const page = await context.newPage()
    await module(snippet('@clerk/testing/playwright'), { page })
    assert.equal((await served(page)).user, ada.id)
    await context.close()
  })
  await world.check('the README\'s snippet for a backend makes a link that signs in', async () => {
    const { url } = await module(`${snippet('@clerk/backend')}\nexport { url }`, { userId: ada.id })
    await opensAs(world, url, ada)
  })
  await world.check('the README\'s commands make links that sign in', async () => {
    const printed = await run(['bash', '-e', '-c', snippet('curl')], {
      name: 'the snippet',
      env: { ...plainEnvironment(), ...await world.standin.environment('express'), PATH: dirname(binary) + delimiter + process.env.PATH },
    })
    const urls = printed.match(/http[^\s"]+ticket=[\w-]+/g)
    assert.equal(urls.length, 2, printed)
    for (const url of urls) await opensAs(world, url, ada)
  })
}

// The code of the one fence that mentions something.
function fence(text, mentioned) {
  const fences = [...text.matchAll(/^```\w+\n(.*?)^```$/gms)].map(([, code]) => code)
  const found = fences.filter(code => code.includes(mentioned))
  assert.equal(found.length, 1, `the README has ${found.length} snippets with ${mentioned}`)
  return found[0]
}

// Runs code as a module that finds this folder's packages; `given` are the names that the code takes for granted.
async function module(code, given) {
  const file = join(import.meta.dirname, `snippet-${process.pid}-${performance.now()}.mjs`)
  await writeFile(file, code)
  Object.assign(globalThis, given)
  try {
    return await import(pathToFileURL(file))
  } finally {
    for (const name of Object.keys(given)) delete globalThis[name]
    await rm(file)
  }
}

async function opensAs(world, url, user) {
  const { page } = await visit(await world.person(), url)
  assert.equal((await served(page)).user, user.id)
  await page.context().close()
}
