// TLS for the names under example.test: a certificate that openssl makes for this run, and a reverse proxy that ends TLS
// and passes requests on by their host, as one in production would.
import { createHash, X509Certificate } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { createServer } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from './process.js'

// Key and certificate, and the digest by which Chromium is told to take it.
export async function certificate() {
  const folder = await mkdtemp(join(tmpdir(), 'standin-compat-tls-'))
  const [key, cert] = ['key.pem', 'cert.pem'].map(name => join(folder, name))
  await run([
    'openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2',
    '-subj', '/CN=example.test', '-addext', 'subjectAltName=DNS:example.test,DNS:*.example.test',
    '-keyout', key, '-out', cert,
  ], { name: 'openssl', env: process.env })
  const pems = { key: await readFile(key), cert: await readFile(cert) }
  await rm(folder, { recursive: true })
  return { ...pems, spki: digest(pems.cert) }
}

function digest(cert) {
  const { publicKey } = new X509Certificate(cert)
  return createHash('sha256').update(publicKey.export({ type: 'spki', format: 'der' })).digest('base64')
}

// Listens on a free port. `route(host, port)` says which port of this machine answers for a host.
export async function reverseProxy({ key, cert }) {
  const ports = new Map()
  const server = createServer({ key, cert }, (incoming, outgoing) => {
    const { host } = incoming.headers
    const port = ports.get(host.replace(/:\d+$/, ''))
    if (!port) return outgoing.writeHead(502).end(`no one answers for ${host}`)
    const headers = {
      ...incoming.headers,
      'x-forwarded-for': incoming.socket.remoteAddress,
      'x-forwarded-host': host,
      'x-forwarded-proto': 'https',
    }
    const passed = request({ host: 'localhost', port, method: incoming.method, path: incoming.url, headers }, answer => {
      outgoing.writeHead(answer.statusCode, answer.rawHeaders)
      answer.pipe(outgoing)
    })
    passed.on('error', error => outgoing.headersSent ? outgoing.destroy(error) : outgoing.writeHead(502).end(error.message))
    incoming.pipe(passed)
  })
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    port: server.address().port,
    route: (host, port) => ports.set(host, port),
    stop: () => new Promise(resolve => {
      server.close(resolve)
      server.closeAllConnections()
    }),
  }
}
