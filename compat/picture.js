// Takes the picture of the dashboard that the README shows: node compat/picture.js
import { join } from 'node:path'
import { launch } from './harness/browser.js'
import { stopAll } from './harness/process.js'
import { dev } from './harness/standin.js'

const PEOPLE = [['Grace', 'Hopper'], ['Alan', 'Turing'], ['Barbara', 'Liskov']]
const TASKS = [
  ['invoice-agent', 'Send the invoices of this month'],
  ['travel-agent', 'Book the train to the conference'],
  ['e2e', 'Checkout test'],
]

const standin = await dev({ port: 4747 })
const browser = await launch()
try {
  for (const [firstName, lastName] of PEOPLE) {
    const user = await standin.clerk.users.createUser({ firstName, lastName, emailAddress: [`${firstName}@example.com`.toLowerCase()] })
    for (const [agentName, taskDescription] of TASKS) {
      const { url } = await standin.clerk.agentTasks.create({
        onBehalfOf: { userId: user.id }, permissions: '*', agentName, taskDescription, redirectUrl: `${standin.publicUrl}/`,
      })
      if (agentName !== 'travel-agent') await fetch(url, { redirect: 'manual' })
    }
  }
  const page = await browser.newPage({ viewport: { width: 1200, height: 800 }, colorScheme: 'light' })
  await page.goto(`${standin.apiUrl}/dashboard`)
  await page.screenshot({ path: join(import.meta.dirname, '../docs/dashboard.png') })
} finally {
  await browser.close()
  await standin.stop()
  stopAll()
}
