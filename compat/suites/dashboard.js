// The dashboard in a real browser: readable by everyone, on a phone as on a desk, by day and by night, and by keyboard.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { served } from '../harness/browser.js'
import { development } from '../harness/deployments.js'
import { Groups } from '../harness/groups.js'
import { openWorlds } from '../harness/world.js'

export const name = 'dashboard'

const ROOMS = ['', '/tasks', '/sessions', '/agents', '/users', '/organizations', '/audit', '/webhooks', '/keys']
// On a phone and in the dark, the rooms with the widest tables.
const LOOKS = [
  { viewport: { width: 1280, height: 900 }, colorScheme: 'light', rooms: ROOMS },
  { viewport: { width: 400, height: 800 }, colorScheme: 'dark', rooms: ['', '/users', '/audit'] },
]

export async function main(apps) {
  const app = { ...apps.find(app => app.name === 'backend'), name: 'dashboard' }
  const { worlds: [world], close } = await openWorlds(development, [app])
  const groups = new Groups()
  try {
    if (world) {
      await groups.run(world, dashboard)
      await world.end()
      await groups.repeat()
    }
  } finally {
    await close()
  }
}

async function dashboard(world) {
  const at = `${world.standin.apiUrl}/dashboard`

  await world.check('every room is accessible and fits its window, at 400 px in the dark too', async () => {
    const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
    const task = await world.task()
    for (const { rooms, ...look } of LOOKS) {
      const context = await world.person(look)
      const page = await context.newPage()
      const complaints = []
      page.on('console', message => message.type() === 'error' && complaints.push(message.text()))
      for (const room of [...rooms, `/tasks/${task.taskId}`, `/users/${world.user.id}`]) {
        await page.goto(at + room)
        await page.evaluate(axe)
        const { violations } = await page.evaluate(() => globalThis.axe.run())
        const found = violations.map(({ id, impact, nodes }) => `${impact} ${id}: ${nodes[0].html}`)
        assert.deepEqual(found, [], `${room} at ${look.viewport.width} px`)
        const tooWide = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth)
        assert.equal(tooWide, false, `${room} at ${look.viewport.width} px is wider than its window`)
      }
      assert.deepEqual(complaints, [])
      await context.close()
    }
  })
  await world.check('whoever presses "Sign in as", with the keyboard alone, is that user in the application', async () => {
    const context = await world.person()
    const page = await context.newPage()
    await page.goto(`${at}/users?query=${encodeURIComponent(world.email)}`)
    await page.getByRole('link', { name: world.email }).focus()
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: world.email }).waitFor()
    await page.getByLabel('Land at').fill(world.dashboard)
    await page.getByRole('button', { name: 'Sign in as' }).focus()
    const [opened] = await Promise.all([context.waitForEvent('page'), page.keyboard.press('Enter')])
    await opened.waitForURL(url => url.href.startsWith(world.dashboard))
    assert.equal((await served(opened)).user, world.user.id)
    await context.close()
  })
  await world.check('a task is taken back with one click, and the tail of the audit trail shows it by itself', async () => {
    const task = await world.task()
    const context = await world.person()
    const tail = await context.newPage()
    await tail.goto(`${at}/audit`)
    const page = await context.newPage()
    await page.goto(`${at}/tasks/${task.taskId}`)
    await page.getByRole('button', { name: 'Revoke' }).click()
    await page.getByText('Taken back. No token').waitFor()
    await tail.bringToFront()
    await tail.getByRole('row').filter({ hasText: 'task.revoke' }).filter({ hasText: task.taskId }).waitFor()
    await context.close()
  })
}
