// Clerk's SDK for Python, as it is published: tools/clerk_python.py asks, and says what went wrong.
import assert from 'node:assert/strict'
import { delimiter, dirname, join } from 'node:path'
import { development } from '../harness/deployments.js'
import { Groups } from '../harness/groups.js'
import { run } from '../harness/process.js'
import { interpreter, python } from '../harness/python.js'
import { binary, plainEnvironment } from '../harness/standin.js'
import { openWorlds } from '../harness/world.js'

export const name = 'python'

export { python as prepare }

const script = join(import.meta.dirname, '../tools/clerk_python.py')

export async function main(apps) {
  try {
    await python()
  } catch (error) {
    console.log(`SKIPPED  python: its packages cannot be installed here: ${error.message.split('\n')[0]}`)
    return
  }
  const app = { ...apps.find(app => app.name === 'backend'), name }
  const { worlds: [world], close } = await openWorlds(development, [app])
  const groups = new Groups()
  try {
    if (!world) return
    await groups.run(world, sdk)
    await groups.repeat()
  } finally {
    await close()
  }
}

async function sdk(world) {
  const { standin: { apiUrl, secretKey } } = world
  const said = await run([interpreter, script], {
    name: 'clerk_python.py',
    env: {
      ...plainEnvironment(),
      CLERK_API_URL: apiUrl,
      CLERK_SECRET_KEY: secretKey,
      PATH: [dirname(binary), process.env.PATH].join(delimiter),
    },
  })
  const parts = said.trim().split('\n').map(line => JSON.parse(line))
  assert.ok(parts.length > 6, said)
  for (const { part, wrong } of parts) {
    await world.check(`Clerk's SDK for Python: ${part}`, () => assert.equal(wrong, null))
  }
}
