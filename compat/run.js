// Runs the SDKs against the real binary, in a real browser.
//   node run.js                         everything
//   node run.js express testing         these apps and suites only (suites: testing, readme)
//   node run.js --deployment NAME       one way of putting them on the web only
//   node run.js --quick                 without what takes more than a minute to show
//   node run.js --table                 everything, and the table in README.md from it
import { parseArgs } from 'node:util'
import { apps as allApps, install } from './harness/app.js'
import { deployments } from './harness/deployments.js'
import { stopAll } from './harness/process.js'
import { broken, everything, finish } from './harness/report.js'
import * as table from './harness/table.js'
import { openWorlds } from './harness/world.js'
import { arrival } from './checks/arrival.js'
import { components } from './checks/components.js'
import { endings } from './checks/endings.js'
import { refusals } from './checks/refusals.js'
import { reuse } from './checks/reuse.js'
import { Waits } from './checks/waits.js'
import * as readme from './suites/readme.js'
import * as testing from './suites/testing.js'

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    deployment: { type: 'string' },
    table: { type: 'boolean', default: false },
  },
})

const suites = [testing, readme]

async function main() {
  const known = await allApps()
  const wanted = name => !positionals.length || positionals.includes(name)
  const names = [...known, ...suites].map(({ name }) => name)
  const unknown = positionals.find(name => !names.includes(name))
  if (unknown) throw new Error(`there is no ${unknown}; there are ${names.join(', ')}`)

  const apps = []
  for (const app of known.filter(app => wanted(app.name))) {
    await unless({ name: app.name }, 'its packages are installed', async () => {
      await install(app)
      apps.push(app)
    })
  }
  for (const deployment of deployments) {
    const taken = apps.filter(app => !deployment.takes || deployment.takes(app))
    if (!taken.length || ![undefined, deployment.name].includes(options.deployment)) continue
    await unless({ deployment: deployment.name }, 'the deployment starts and stops', () => inDeployment(deployment, taken))
  }
  if (options.deployment) return
  for (const suite of suites.filter(suite => wanted(suite.name))) {
    await unless({ name: suite.name }, 'the suite runs to its end', () => suite.main(known))
  }
  if (options.table) await writeTable(apps)
}

// Goes on after an error that no check has caught; it counts as failed.
async function unless(subject, sentence, body) {
  await body().catch(error => broken(subject, sentence, error))
}

async function writeTable(apps) {
  const part = positionals.length || options.quick
  if (part || everything().some(({ passed }) => !passed)) throw new Error('only a run of everything in which all passes makes a table')
  await table.write(everything(), apps, deployments)
}

async function inDeployment(deployment, apps) {
  const { worlds, close } = await openWorlds(deployment, apps)
  try {
    await all(worlds)
  } finally {
    await close()
  }
}

// What takes long is set up first, so that its time passes while the rest is checked.
async function all(worlds) {
  const waits = options.quick ? [] : worlds.map(world => new Waits(world))
  await abreast(waits, wait => wait.begin())
  await abreast(worlds, async world => {
    await arrival(world)
    await refusals(world)
    await endings(world)
    await reuse(world)
    if (world.app.components) await components(world)
  })
  await abreast(waits, wait => wait.finish())
  for (const world of worlds) {
    await world.check('no page asked for anything outside of this machine', () => world.staysHere())
    await world.end()
  }
}

// Three at a time: pages mostly wait for each other.
async function abreast(items, body) {
  const left = [...items]
  await Promise.all([1, 2, 3].map(async () => {
    while (left.length) await body(left.shift())
  }))
}

process.on('exit', stopAll)
process.on('SIGINT', () => process.exit(130))
process.on('SIGTERM', () => process.exit(143))
await unless({}, 'the run comes to its end', main)
process.exitCode = finish() ? 0 : 1
