// TLS on names of this machine's own: certificates from `standin trust`, under an authority that lives as long as the run,
// and a reverse proxy that ends TLS and passes requests on by their host, as one in production would.
import { createHash, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { request } from 'node:http'
import { createServer } from 'node:https'
import { join } from 'node:path'
import { run } from './process.js'
import { binary, plainEnvironment, temporary } from './standin.js'

// A certificate for these names: its files and their contents, the authority that signed it, and the digest of its key, by
// which Chromium is told to take it.
export async function certificate(names) {
  const folder = await temporary()
  const command = [binary, 'trust', '--json', '--ca', join(folder, 'ca'), '--data', folder, ...names]
  const files = JSON.parse(await run(command, { name: 'standin trust', env: plainEnvironment() }))
  const [ca, cert, key] = await Promise.all([files.ca, files.tls_cert, files.tls_key].map(file => readFile(file)))
  return { folder, files, ca, cert, key, spki: digest(cert) }
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
