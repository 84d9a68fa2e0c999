// Runs the SDKs against the real binary, in a real browser.
//   node run.js                         everything
//   node run.js express fastify         these apps only
//   node run.js --deployment NAME       one way of putting them on the web only
//   node run.js --quick                 without what takes more than a minute to show
//   node run.js --table                 and writes the table in README.md
import { parseArgs } from 'node:util'
import { apps as allApps, install, open } from './harness/app.js'
import { launch } from './harness/browser.js'
import { deployments } from './harness/deployments.js'
import { stopAll } from './harness/process.js'
import { broken, finish } from './harness/report.js'
import { World } from './harness/world.js'
import { arrival } from './checks/arrival.js'
import { endings } from './checks/endings.js'
import { refusals } from './checks/refusals.js'
import { Waits } from './checks/waits.js'

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    deployment: { type: 'string' },
  },
})

async function main() {
  const known = await allApps()
  for (const name of positionals) {
    if (!known.some(app => app.name === name)) throw new Error(`there is no app ${name}; there are ${known.map(app => app.name).join(', ')}`)
  }
  const apps = known.filter(app => !positionals.length || positionals.includes(app.name))
  for (const app of apps) await install(app)
  for (const deployment of deployments) {
    const wanted = !options.deployment || options.deployment === deployment.name
    const taken = apps.filter(app => !deployment.takes || deployment.takes(app))
    if (wanted && taken.length) await inDeployment(deployment, taken)
  }
}

async function inDeployment(deployment, apps) {
  const { places, certificate, stop } = await deployment.start(apps)
  const browser = await launch({ certificate })
  const worlds = []
  try {
    for (const [app, place] of places) {
      try {
        const opened = await open(app, place)
        const world = new World({ app, opened, deployment, standin: place.standin, browser })
        await world.begin()
        worlds.push(world)
      } catch (error) {
        broken({ name: app.name, sdk: app.sdk, deployment: deployment.name }, 'the app starts', error)
      }
    }
    await all(worlds)
  } finally {
    await browser.close()
    await Promise.all(worlds.map(world => world.opened.stop()))
    await stop()
  }
}

async function all(worlds) {
  const waits = []
  if (!options.quick) {
    for (const world of worlds) {
      await world.check('the pages to be waited for are open', async () => {
        const wait = new Waits(world)
        await wait.begin()
        waits.push(wait)
      })
    }
  }
  for (const world of worlds) {
    await arrival(world)
    await refusals(world)
    await endings(world)
  }
  for (const wait of waits) await wait.finish()
  for (const world of worlds) {
    await world.check('no page asked for anything outside of this machine', () => world.staysHere())
    await world.end()
  }
}

process.on('exit', stopAll)
process.on('SIGINT', () => process.exit(130))
process.on('SIGTERM', () => process.exit(143))
await main().catch(error => broken({}, 'the suite runs to its end', error))
process.exitCode = finish() ? 0 : 1
