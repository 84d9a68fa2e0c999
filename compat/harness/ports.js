// Free ports, each handed out once. They lie below those that systems give to outgoing connections and to servers that take
// any port: between the look and the server's start, one of those could take the port, and a page would land there.
import { createServer } from 'node:net'

const FIRST = 12_000
const LAST = 32_000
let next = FIRST + (process.pid * 64) % (LAST - FIRST)

export async function freePort() {
  for (let tries = FIRST; tries < LAST; tries++) {
    const port = next
    next = next === LAST - 1 ? FIRST : next + 1
    if (await isFree(port)) return port
  }
  throw new Error(`no port is free between ${FIRST} and ${LAST}`)
}

function isFree(port) {
  return new Promise(resolve => {
    const server = createServer().once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
