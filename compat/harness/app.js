// Applications: their settings from `standin env`, their build, their start.
import { readdir } from 'node:fs/promises'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'
import { plainEnvironment } from './standin.js'
import { run, start, stop, until } from './process.js'

const folder = resolve(import.meta.dirname, '../apps')

// Every app's configuration, with its folder and the version of the SDK it is about.
export async function apps() {
  const entries = await readdir(folder, { withFileTypes: true })
  const found = entries.filter(entry => existsSync(join(folder, entry.name, 'app.config.js')))
  return Promise.all(found.map(async ({ name }) => {
    const cwd = join(folder, name)
    const { default: config } = await import(join(cwd, 'app.config.js'))
    return { ...config, cwd }
  }))
}

// The version in the nearest node_modules, for an SDK that is an npm package.
export function version(app) {
  if (app.version) return app.version
  let at = app.cwd
  while (!existsSync(join(at, 'node_modules', app.sdk, 'package.json'))) {
    const parent = resolve(at, '..')
    if (parent === at) throw new Error(`${app.sdk} is not installed for ${app.name}`)
    at = parent
  }
  return JSON.parse(readFileSync(join(at, 'node_modules', app.sdk, 'package.json'), 'utf8')).version
}

// Packages of an app that has a package.json of its own, unless they are there as its lock file wants them.
export async function install(app) {
  const [wanted, present] = ['package-lock.json', 'node_modules/.package-lock.json'].map(name => join(app.cwd, name))
  if (!existsSync(wanted) || (existsSync(present) && statSync(present).mtimeMs > statSync(wanted).mtimeMs)) return
  const npm = ['npm', 'ci', '--no-audit', '--no-fund']
  const options = { name: `${app.name}: npm ci`, cwd: app.cwd, env: environment(app) }
  // A cache of npm's own can be older than the lock file, and then knows nothing of a version in it.
  await run([...npm, '--prefer-offline'], options).catch(() => run(npm, options))
}

// Builds an app and starts it at `origin`, where browsers reach it, on `port` of this machine. Its settings are what
// `standin env` says, with `settings` beside and `without` some.
export async function open(app, { standin, origin, port, settings, without }) {
  const values = { ...await standin.environment(app.framework, app.cwd), ...settings }
  for (const name of Object.keys(values)) if (without?.test(name)) delete values[name]
  const env = {
    ...environment(app),
    ...values,
    ...app.settings?.(values),
    HOST: 'localhost',
    PORT: String(port),
    APP_ORIGIN: origin,
    NODE_ENV: 'production',
  }
  if (app.build) await run(app.build, { name: `${app.name}: build`, cwd: app.cwd, env })
  const process = start(app.start, { name: app.name, cwd: app.cwd, env })
  const ready = () => fetch(`http://localhost:${port}/dashboard`, { redirect: 'manual' }).then(() => true, () => false)
  await until(ready, { what: app.name, seconds: 60, process })
  return { origin, process, stop: () => stop(process) }
}

// What an app is built and started with, before its settings.
export function environment(app) {
  const env = plainEnvironment()
  if (app.node) env.PATH = resolve(app.cwd, app.node) + delimiter + env.PATH
  return env
}
