// The ways in which Standin and an application are put on the web. Each says how many answers a task's link may take until
// the page is there, and a stranger's first visit; `start` gives each app a place: its origin, the port it listens on, the
// Standin behind it, and settings beside those of `standin env`.
import { freePort } from './ports.js'
import { dev, serve } from './standin.js'
import { certificate, reverseProxy } from './tls.js'

// Everything on this machine, plain http, `pk_test_…`.
export const development = {
  name: 'development',
  hops: 3,
  strangerHops: 4,
  async start(apps) {
    const standin = await dev()
    const places = await each(apps, async () => {
      const port = await freePort()
      return { origin: `http://localhost:${port}`, port, standin }
    })
    return { places, stop: () => standin.stop() }
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
    const places = await each(apps, app => place(app, proxy))
    const port = await freePort()
    proxy.route('clerk.example.test', port)
    const standin = await serve({
      publicUrl: `https://clerk.example.test:${proxy.port}`,
      origins: [...places.values()].map(({ origin }) => origin),
      port,
    })
    for (const place of places.values()) place.standin = standin
    return { places, certificate: tls, stop: () => Promise.all([standin.stop(), proxy.stop()]) }
  },
}

// Browsers know the application only: its SDK passes Standin on under a path of the application's own. One Standin each,
// since its public address is the application's.
const PROXY_PATH = '/__clerk'

const developmentProxied = {
  name: 'development, SDK as proxy',
  hops: 3,
  strangerHops: 4,
  takes: app => app.proxies,
  async start(apps) {
    const places = await each(apps, async () => {
      const port = await freePort()
      const origin = `http://localhost:${port}`
      return proxied({ origin, port, standin: await dev({ publicUrl: origin + PROXY_PATH }) })
    })
    return { places, stop: () => stopEach(places) }
  },
}

const productionProxied = {
  name: 'production, SDK as proxy',
  hops: 2,
  strangerHops: 1,
  takes: app => app.proxies,
  async start(apps) {
    const tls = await certificate()
    const proxy = await reverseProxy(tls)
    const places = await each(apps, async app => {
      const { origin, port } = await place(app, proxy)
      const standin = await serve({ publicUrl: origin + PROXY_PATH, origins: [origin], port: await freePort() })
      return proxied({ origin, port, standin })
    })
    return { places, certificate: tls, stop: () => Promise.all([stopEach(places), proxy.stop()]) }
  },
}

// Production on an address that Node resolves as the browser does, for helpers that fetch in Node what the page asks for.
export const loopback = {
  name: 'production on 127.0.0.1',
  hops: 2,
  strangerHops: 1,
  async start([app]) {
    const tls = await certificate()
    const [front, appFront] = [await reverseProxy(tls), await reverseProxy(tls)]
    const [port, appPort] = [await freePort(), await freePort()]
    front.route('127.0.0.1', port)
    appFront.route('127.0.0.1', appPort)
    const origin = `https://127.0.0.1:${appFront.port}`
    const standin = await serve({ publicUrl: `https://127.0.0.1:${front.port}`, origins: [origin], port })
    const places = new Map([[app, { origin, port: appPort, standin }]])
    return { places, certificate: tls, stop: () => Promise.all([standin.stop(), front.stop(), appFront.stop()]) }
  },
}

const proxied = place => ({ ...place, settings: { CLERK_FAPI_URL: place.standin.apiUrl } })

const stopEach = places => Promise.all([...places.values()].map(({ standin }) => standin.stop()))

async function place(app, proxy) {
  const host = `${app.name}.example.test`
  const port = await freePort()
  proxy.route(host, port)
  return { origin: `https://${host}:${proxy.port}`, port }
}

async function each(apps, place) {
  const places = new Map()
  for (const app of apps) places.set(app, await place(app))
  return places
}

export const deployments = [development, production, developmentProxied, productionProxied]
