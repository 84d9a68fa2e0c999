// A project's own Playwright tests, as Clerk's example for Next.js has them: `npx playwright test` inside of `standin dev`, with a
// setup that signs in and keeps the state. The tests are in apps/nextjs/e2e.
import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { environment, install, version } from '../harness/app.js'
import { executable } from '../harness/browser.js'
import { development } from '../harness/deployments.js'
import { Groups } from '../harness/groups.js'
import { freePort } from '../harness/ports.js'
import { run } from '../harness/process.js'
import { report } from '../harness/report.js'
import { binary } from '../harness/standin.js'

export const name = 'playwright'

export async function main(apps) {
  const app = apps.find(({ name }) => name === 'nextjs')
  const sdk = '@clerk/testing'
  await install(app)
  const subject = { name, sdk, version: version({ ...app, sdk }), deployment: development.name }
  const world = { subject, app, check: report.checks(subject), end() {} }
  const groups = new Groups()
  await groups.run(world, projects)
  await groups.repeat()
}

async function projects({ app, check }) {
  await check('npx playwright test inside of standin dev: a setup keeps a state, tests use it, others sign in by <SignIn/>', async () => {
    const state = join(app.cwd, 'playwright')
    await rm(state, { recursive: true, force: true })
    const command = [binary, 'dev', '--ephemeral', '--port', '0', '--quiet', '--', 'npx', 'playwright', 'test', '--reporter=list']
    const printed = await run(command, {
      name: 'npx playwright test',
      cwd: app.cwd,
      env: {
        ...environment(app),
        PORT: String(await freePort()),
        CHROMIUM: executable,
        E2E_CLERK_USER_USERNAME: 'grace@example.com',
        E2E_CLERK_USER_PASSWORD: 'correct horse battery staple',
        NEXT_TELEMETRY_DISABLED: '1',
      },
    })
    assert.match(printed, /^ +5 passed/m)
    await rm(state, { recursive: true, force: true })
  })
}
