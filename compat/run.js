// Runs the SDKs against the real binary, in a real browser.
//   node run.js                         the short set: every app in development, one or two in each other, the suites
//   node run.js --full                  everything: every app in every deployment
//   node run.js express testing         of either set these apps and suites only (suites: testing, people, pages, organizations, playwright,
//                                       readme, claims, tools, python, coverage)
//   node run.js --deployment NAME       one way of putting them on the web only, with every app
//   node run.js --quick                 without what takes more than a minute to show
//   node run.js --table                 everything, and the table in README.md from it
//   node run.js --install               nothing but the packages of apps and suites
// A group of checks in which one failed is run once more at the end of its deployment, alone. Both results are printed.
import { parseArgs } from 'node:util'
import { abreast } from './harness/abreast.js'
import { apps as allApps, install } from './harness/app.js'
import { batches, deployments } from './harness/deployments.js'
import { Groups } from './harness/groups.js'
import { stopAll } from './harness/process.js'
import { report } from './harness/report.js'
import * as table from './harness/table.js'
import { openWorlds } from './harness/world.js'
import { arrival } from './checks/arrival.js'
import { components } from './checks/components.js'
import { endings } from './checks/endings.js'
import { organizations as inOrganizations } from './checks/organizations.js'
import { questions } from './checks/questions.js'
import { refusals } from './checks/refusals.js'
import { reuse } from './checks/reuse.js'
import { Waits } from './checks/waits.js'
import * as claims from './suites/claims.js'
import * as organizations from './suites/organizations.js'
import * as pages from './suites/pages.js'
import * as people from './suites/people.js'
import * as playwright from './suites/playwright.js'
import * as coverage from './suites/coverage.js'
import * as dashboard from './suites/dashboard.js'
import * as python from './suites/python.js'
import * as readme from './suites/readme.js'
import * as testing from './suites/testing.js'
import * as tools from './suites/tools.js'

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    full: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    deployment: { type: 'string' },
    table: { type: 'boolean', default: false },
    install: { type: 'boolean', default: false },
  },
})

const suites = [testing, people, pages, organizations, playwright, readme, claims, dashboard, tools, python, coverage]
const full = options.full || options.table

async function main() {
  const known = await allApps()
  const wanted = name => !positionals.length || positionals.includes(name)
  refuseUnknown(positionals, [...known, ...suites])
  refuseUnknown([options.deployment].filter(Boolean), deployments)
  console.log(`This is ${setInWords()}.\n`)

  const apps = await installed(known.filter(app => wanted(app.name)))
  if (options.install) {
    // What cannot be installed is told by its suite.
    await Promise.allSettled(suites.map(suite => suite.prepare?.()))
    return
  }
  for (const batch of batches(apps, { full, only: options.deployment })) {
    const names = batch.map(({ deployment }) => deployment.name).join(' and ')
    await unless({ deployment: names }, 'the deployment starts and stops', () => inDeployments(batch))
  }
  if (!options.deployment) {
    for (const suite of suites.filter(suite => wanted(suite.name))) {
      await unless({ name: suite.name }, 'the suite runs to its end', () => suite.main(known, { full }))
    }
  }
  if (options.table) await writeTable(apps)
}

// Those of these apps whose packages are there.
async function installed(apps) {
  const done = new Set()
  await abreast(3, apps, app => unless({ name: app.name }, 'its packages are installed', async () => {
    await install(app)
    done.add(app)
  }))
  return apps.filter(app => done.has(app))
}

function setInWords() {
  if (options.install) return 'the installation of packages, and no check'
  if (options.deployment) return `one deployment: ${options.deployment}`
  const part = positionals.length ? `, of it ${positionals.join(', ')} only` : ''
  const quick = options.quick ? ', without what takes more than a minute to show' : ''
  const set = full ? 'everything: every app in every deployment' : 'the short set; --full runs every app in every deployment'
  return set + part + quick
}

function refuseUnknown(wanted, known) {
  const names = known.map(({ name }) => name)
  const unknown = wanted.find(name => !names.includes(name))
  if (unknown) throw new Error(`there is no ${unknown}; there are ${names.join(', ')}`)
}

// Goes on after an error that no check has caught; it counts as failed.
async function unless(subject, sentence, body) {
  await body().catch(error => report.broken(subject, sentence, error))
}

async function writeTable(apps) {
  const part = positionals.length || options.quick || options.deployment
  if (part || report.failed().length) throw new Error('only a run of everything in which all passes makes a table')
  await table.write(report, apps, deployments)
}

async function inDeployments(batch) {
  const opened = []
  try {
    for (const { deployment, apps } of batch) opened.push(await openWorlds(deployment, apps))
    await all(opened.flatMap(({ worlds }) => worlds))
  } finally {
    await Promise.all(opened.map(({ close }) => close()))
  }
}

// What takes long is set up first, so that its time passes while the rest is checked. Three worlds at a time: pages mostly
// wait for each other.
async function all(worlds) {
  const groups = new Groups()
  const waits = options.quick ? [] : worlds.map(world => new Waits(world))
  await abreast(3, waits, wait => groups.run(wait.world, () => wait.begin(), Waits.waits))
  await abreast(3, worlds, async world => {
    for (const group of [arrival, refusals, questions, endings, reuse]) await groups.run(world, group)
    if (world.app.components) await groups.run(world, components)
    if (world.app.organizations) await groups.run(world, inOrganizations)
  })
  await abreast(3, waits, wait => groups.run(wait.world, () => wait.finish(), Waits.waits))
  await Promise.all(worlds.map(world => world.end()))
  await groups.repeat()
  for (const world of worlds) {
    await world.check('no page asked for anything outside of this machine', () => world.staysHere())
  }
}

process.on('exit', stopAll)
process.on('SIGINT', () => process.exit(130))
process.on('SIGTERM', () => process.exit(143))
await unless({}, 'the run comes to its end', main)
const good = options.install ? !report.failed().length : report.finish()
process.exitCode = good ? 0 : 1
