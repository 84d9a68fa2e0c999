// The real binary: `standin dev` and `standin serve`, each on a folder of its own.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createClerkClient } from '@clerk/backend'
import { run, start, stop, until } from './process.js'

const here = import.meta.dirname
export const binary = resolve(process.env.STANDIN_BIN ?? join(here, '../../target/release/standin'))

// The environment that cases start from: the caller's, without settings of a Clerk or Standin the caller may use.
export function plainEnvironment() {
  const foreign = /CLERK|^STANDIN_|^NODE_OPTIONS$/
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)))
}

// One running server and what there is to know about it.
class Standin {
  constructor({ process, folder, ...values }) {
    Object.assign(this, values)
    this.process = process
    this.folder = folder
    this.clerk = createClerkClient({ apiUrl: values.apiUrl, secretKey: values.secretKey, telemetry: { disabled: true } })
  }

  // What `standin env` says an application needs.
  async environment(framework) {
    const env = {
      ...plainEnvironment(),
      CLERK_API_URL: this.apiUrl,
      CLERK_SECRET_KEY: this.secretKey,
      CLERK_PROXY_URL: this.publicUrl,
    }
    const command = [binary, 'env', '--format', 'json', '--framework', framework]
    return JSON.parse(await run(command, { name: 'standin env', env }))
  }

  async stop() {
    await stop(this.process)
    await rm(this.folder, { recursive: true, force: true })
  }
}

const temporary = () => mkdtemp(join(tmpdir(), 'standin-compat-'))

// `standin dev` on http://localhost, or wherever browsers reach it.
export async function dev({ publicUrl } = {}) {
  const folder = await temporary()
  const where = publicUrl ? ['--public-url', publicUrl] : []
  const command = [binary, 'dev', '--json', '--port', '0', '--data', folder, ...where]
  const process = start(command, { name: 'standin dev', cwd: here, env: plainEnvironment() })
  const values = await until(() => parsed(process.stdout), { what: 'standin dev', process })
  return new Standin({
    process,
    folder,
    secretKey: values.secret_key,
    apiUrl: values.api_url,
    publicUrl: values.public_url,
  })
}

// `standin serve` behind a public address, for applications at these origins.
export async function serve({ publicUrl, origins, port }) {
  const folder = await temporary()
  const name = 'standin serve'
  const env = plainEnvironment()
  const apiUrl = `http://127.0.0.1:${port}`
  const allow = origins.flatMap(origin => ['--allow-origin', origin])
  const command = [
    binary, 'serve', '--data', folder, '--listen', `127.0.0.1:${port}`,
    '--public-url', publicUrl, '--trusted-proxy', '127.0.0.1', ...allow, '--npm', join(here, '../node_modules'),
  ]
  const process = start(command, { name, cwd: here, env })
  await until(() => fetch(`${apiUrl}/v1/health`).then(answer => answer.ok, () => false), { what: name, process })
  const secretKey = (await run([binary, 'key', 'create', '--data', folder], { name: 'standin key create', env })).trim()
  return new Standin({ process, folder, secretKey, apiUrl, publicUrl })
}

function parsed(text) {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
