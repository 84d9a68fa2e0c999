// The real binary: `standin dev` and `standin serve`, each on a folder of its own.
import http from 'node:http'
import https from 'node:https'
import { mkdtemp, rm } from 'node:fs/promises'
import { isIP } from 'node:net'
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
  async environment(framework, cwd) {
    const env = {
      ...plainEnvironment(),
      CLERK_API_URL: this.apiUrl,
      CLERK_SECRET_KEY: this.secretKey,
      CLERK_PROXY_URL: this.publicUrl,
    }
    const command = [binary, 'env', '--format', 'json', '--framework', framework]
    return JSON.parse(await run(command, { name: 'standin env', cwd, env }))
  }

  async stop() {
    await stop(this.process)
    await rm(this.folder, { recursive: true, force: true })
  }
}

export const temporary = () => mkdtemp(join(tmpdir(), 'standin-compat-'))

// `standin dev` on http://localhost, or wherever browsers reach it. Started in `cwd`, it serves the packages that are there.
export async function dev({ publicUrl, port = 0, cwd = here } = {}) {
  const folder = await temporary()
  const where = publicUrl ? ['--public-url', publicUrl] : []
  const command = [binary, 'dev', '--json', '--port', String(port), '--data', folder, ...where]
  const process = start(command, { name: 'standin dev', cwd, env: plainEnvironment() })
  const values = await until(() => parsed(process.stdout), { what: 'standin dev', process })
  return new Standin({
    process,
    folder,
    secretKey: values.secret_key,
    apiUrl: values.api_url,
    publicUrl: values.public_url,
  })
}

// `standin serve` at a public address, for applications at these origins; with a certificate it speaks TLS itself, and the
// Backend API has a port of its own.
export async function serve({ publicUrl, origins, port, certificate, backendPort = port }) {
  const folder = await temporary()
  const name = 'standin serve'
  const env = plainEnvironment()
  const allow = origins.flatMap(origin => ['--allow-origin', origin])
  const how = certificate
    ? ['--tls-cert', certificate.files.tls_cert, '--tls-key', certificate.files.tls_key, '--backend-listen', `127.0.0.1:${backendPort}`]
    : ['--trusted-proxy', '127.0.0.1']
  const command = [
    binary, 'serve', '--data', folder, '--listen', `127.0.0.1:${port}`, '--public-url', publicUrl,
    '--npm', join(here, '../node_modules'), ...allow, ...how,
  ]
  const process = start(command, { name, cwd: here, env })
  const host = new URL(publicUrl).host
  await until(() => healthy({ host, port, ca: certificate?.ca }), { what: name, process })
  const secretKey = (await run([binary, 'key', 'create', '--data', folder], { name: 'standin key create', env })).trim()
  return new Standin({ process, folder, secretKey, apiUrl: `http://127.0.0.1:${backendPort}`, publicUrl })
}

// Whether it answers under its public name; over TLS, with a certificate that this authority has signed for that name.
function healthy({ host, port, ca }) {
  const name = host.replace(/:\d+$/, '')
  const options = { host: '127.0.0.1', port, path: '/v1/health', headers: { host } }
  return new Promise(resolve => {
    const asked = ca ? https.get({ ...options, ca, servername: isIP(name) ? '' : name }) : http.get(options)
    asked.on('error', () => resolve(false))
    asked.on('response', answer => resolve(answer.resume().statusCode === 200))
  })
}

function parsed(text) {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
