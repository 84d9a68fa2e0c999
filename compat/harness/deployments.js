// The ways in which Standin and an application are put on the web. Each says where browsers find the application, how many
// answers a task's link may take until the page is there, and a stranger's first visit, and starts the server.
import { freePort } from './ports.js'
import { dev, serve } from './standin.js'
import { certificate, reverseProxy } from './tls.js'

// Everything on this machine, plain http, `pk_test_…`.
const development = {
  name: 'development',
  hops: 3,
  strangerHops: 4,
  async start(apps) {
    const standin = await dev()
    const places = new Map()
    for (const app of apps) {
      const port = await freePort()
      places.set(app, { origin: `http://localhost:${port}`, port })
    }
    return { standin, places, stop: () => standin.stop() }
  },
}

// Standin and the applications on names of one domain, behind a reverse proxy that ends TLS, `pk_live_…`.
const production = {
  name: 'production',
  hops: 2,
  strangerHops: 1,
  async start(apps) {
    const tls = await certificate()
    const proxy = await reverseProxy(tls)
    const places = new Map()
    for (const app of apps) {
      const host = `${app.name}.example.test`
      const port = await freePort()
      proxy.route(host, port)
      places.set(app, { origin: `https://${host}:${proxy.port}`, port })
    }
    const port = await freePort()
    proxy.route('clerk.example.test', port)
    const standin = await serve({
      publicUrl: `https://clerk.example.test:${proxy.port}`,
      origins: [...places.values()].map(place => place.origin),
      port,
    })
    return { standin, places, certificate: tls, stop: () => Promise.all([standin.stop(), proxy.stop()]) }
  },
}

export const deployments = [development, production]
