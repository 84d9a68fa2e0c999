// The scripts of docs/testing.md, taken out of it and run as they are: the page says how other tools are signed in, and cannot say
// what is no longer so. In the short set those that are there in seconds. What cannot be installed is skipped, and said to be.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { executable, loadedAs, served, visit } from '../harness/browser.js'
import { development } from '../harness/deployments.js'
import { Groups } from '../harness/groups.js'
import { run } from '../harness/process.js'
import { interpreter, python } from '../harness/python.js'
import { binary, plainEnvironment } from '../harness/standin.js'
import { openWorlds } from '../harness/world.js'

export const name = 'tools'

export const prepare = () => Promise.all([packages(), python()])

const guide = join(import.meta.dirname, '../../docs/testing.md')
const folder = join(import.meta.dirname, '../tools')
const bin = join(folder, 'node_modules/.bin')
const playwright = join(folder, '../node_modules/@playwright/test/cli.js')

// What of the page is run, how, after what, and by how many sign-ins it is known to have worked.
const tools = [
  { name: 'Puppeteer', command: ['node', 'puppeteer.mjs'], needs: packages },
  { name: 'Playwright for Python', command: [interpreter, 'playwright_python.py'], needs: python },
  { name: 'Selenium', command: ['node', 'selenium.mjs'], needs: driver, full: true },
  { name: 'agent-browser', command: ['bash', '-e', 'agent_browser.sh'], needs: agentBrowser, full: true },
  { name: 'Playwright with roles', command: ['node', playwright, 'test', '--config', 'playwright'], needs() {}, full: true },
]

export async function main(apps, { full }) {
  const app = { ...apps.find(app => app.name === 'backend'), name }
  const { worlds: [world], close } = await openWorlds(development, [app])
  const groups = new Groups()
  try {
    if (!world) return
    const wanted = tools.filter(tool => full || !tool.full)
    await groups.run(world, time)
    await groups.run(world, async function snippets(world) {
      const at = await written()
      for (const tool of wanted) await signsIn(world, tool, at)
      await rm(at, { recursive: true, force: true })
    })
    await groups.repeat()
  } finally {
    await close()
  }
}

// A folder with every script of the page under its own name, below this one's packages.
async function written() {
  const at = await mkdtemp(join(folder, 'run-'))
  const text = await readFile(guide, 'utf8')
  const scripts = [...text.matchAll(/^```\w+ file=(\S+)\n(.*?)^```$/gms)]
  assert.ok(scripts.length > 6, `docs/testing.md has ${scripts.length} scripts`)
  for (const [, name, code] of scripts) {
    await mkdir(dirname(join(at, name)), { recursive: true })
    await writeFile(join(at, name), code)
  }
  return at
}

async function signsIn(world, tool, cwd) {
  try {
    await tool.needs()
  } catch (error) {
    console.log(`SKIPPED  tools: ${tool.name}, which cannot be installed here: ${error.message.split('\n')[0]}`)
    return
  }
  await world.check(`the guide's script for ${tool.name} signs in`, async () => {
    const before = await sessions(world)
    const origin = new URL(world.dashboard).origin
    await run(tool.command, {
      name: tool.name,
      cwd,
      env: {
        ...plainEnvironment(),
        ...await world.standin.environment('express'),
        APP_URL: origin,
        CHROMIUM: executable,
        AGENT_BROWSER_EXECUTABLE_PATH: executable,
        AGENT_BROWSER_ARGS: '--no-sandbox',
        PATH: [bin, dirname(binary), process.env.PATH].join(delimiter),
      },
    })
    assert.ok(await sessions(world) > before, 'nobody signed in')
  })
}

// What the guide says of time, asked of Clerk's SDK and of clerk-js.
async function time(world) {
  await world.check('a session of half an hour ends in the open page and on the server when the clock is moved by 31 minutes', async () => {
    const { url } = await world.task({ sessionMaxDurationInSeconds: 1800 })
    const { page } = await visit(await world.person(), url)
    await loadedAs(page, world.user.id)
    const clock = how => run([binary, 'clock', how], { name: 'standin clock', env: settings(world) })
    try {
      await clock('+31m')
      await page.evaluate(() => window.Clerk.session.getToken({ skipCache: true }).catch(() => {}))
      await loadedAs(page, '')
      await page.reload()
      assert.equal((await served(page)).user, '')
    } finally {
      await clock('real')
    }
    await page.reload()
    await loadedAs(page, world.user.id)
    await page.context().close()
  })
}

const settings = ({ standin }) => ({
  ...plainEnvironment(),
  CLERK_API_URL: standin.apiUrl,
  CLERK_SECRET_KEY: standin.secretKey,
})

async function sessions({ clerk }) {
  const { data: [ada] } = await clerk.users.getUserList({ emailAddress: ['ada@example.com'] })
  const { totalCount } = await clerk.sessions.getSessionList({ userId: ada.id })
  return totalCount
}

const ask = (command, what) => run(command, { name: what, cwd: folder, env: plainEnvironment() })

async function packages() {
  if (existsSync(join(folder, 'node_modules/puppeteer-core'))) return
  await ask(['npm', 'ci', '--omit=optional', '--ignore-scripts', '--no-audit', '--no-fund'], 'npm ci')
}

// Its program comes with the package; what its install script fetches is a browser, and there is one.
async function agentBrowser() {
  if (existsSync(join(bin, 'agent-browser'))) return
  await ask(['npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund'], 'npm ci')
}

async function driver() {
  await packages()
  await ask(['chromedriver', '--version'], 'chromedriver')
}
