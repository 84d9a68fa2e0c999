// The ways in which Standin and an application are put on the web. Each has a name and a `short` one, and says how many
// answers a task's link may take until the page is there, and a stranger's first visit; `takes` which apps it is for,
// `sample` which of them are in the short set. `start` gives each app a place: its origin, the port it listens on, the Standin
// behind it, and settings beside those of `standin env`.
import { rm } from 'node:fs/promises'
import { freePort } from './ports.js'
import { dev, serve } from './standin.js'
import { certificate, reverseProxy } from './tls.js'

const CLERK = 'clerk.example.test'

// Everything on this machine, plain http, `pk_test_…`.
export const development = {
  name: 'development',
  short: 'dev',
  hops: 3,
  strangerHops: 4,
  async start(apps) {
    const shared = apps.some(app => !app.ownServer) && await dev()
    const places = await each(apps, async app => {
      const port = await freePort()
      const standin = app.ownServer ? await dev({ cwd: app.cwd }) : shared
      return { origin: `http://localhost:${port}`, port, standin }
    })
    return { places, stop: () => stopAll(places) }
  },
}

// Standin and the applications on names of one domain, behind a reverse proxy that ends TLS, `pk_live_…`. Applications get
// their keys and the Backend API's address, and nothing else: the rest is in the key.
export const production = {
  name: 'production',
  short: 'prod',
  hops: 2,
  strangerHops: 1,
  sample: ['express', 'react-router'],
  async start(apps) {
    const { proxy, tls } = await front(apps)
    const port = await freePort()
    const places = await each(apps, app => place(app, proxy))
    proxy.route(CLERK, port)
    const standin = await serve({ publicUrl: `https://${CLERK}:${proxy.port}`, origins: originsOf(places), port })
    for (const place of places.values()) Object.assign(place, { standin, without: /CLERK_(PROXY|JS|UI)_URL$/ })
    return { places, certificate: tls, stop: () => stopAll(places, proxy, tls) }
  },
}

// The same without a reverse proxy before Standin: it speaks TLS itself.
export const productionTls = {
  name: 'production, TLS by Standin',
  short: 'tls',
  hops: 2,
  strangerHops: 1,
  // What is different is Standin's side; apps that are built first would show the same and take long. An old one's clerk-js is
  // not the one that this server has.
  takes: app => !app.build && !app.ownServer,
  sample: ['fastify'],
  async start(apps) {
    const { proxy, tls } = await front(apps)
    const [port, backendPort] = [await freePort(), await freePort()]
    const places = await each(apps, app => place(app, proxy))
    const publicUrl = `https://${CLERK}:${port}`
    const standin = await serve({ publicUrl, origins: originsOf(places), port, backendPort, certificate: tls })
    for (const place of places.values()) place.standin = standin
    return { places, certificate: tls, stop: () => stopAll(places, proxy, tls) }
  },
}

// Browsers know the application only: its SDK passes Standin on under a path of the application's own. One Standin each,
// since its public address is the application's.
const PROXY_PATH = '/__clerk'

const developmentProxied = {
  name: 'development, SDK as proxy',
  short: 'dev+proxy',
  hops: 3,
  strangerHops: 4,
  takes: app => app.proxies,
  sample: ['express'],
  async start(apps) {
    const places = await each(apps, async () => {
      const port = await freePort()
      const origin = `http://localhost:${port}`
      return proxied({ origin, port, standin: await dev({ publicUrl: origin + PROXY_PATH }) })
    })
    return { places, stop: () => stopAll(places) }
  },
}

const productionProxied = {
  name: 'production, SDK as proxy',
  short: 'prod+proxy',
  hops: 2,
  strangerHops: 1,
  takes: app => app.proxies,
  sample: ['express', 'nextjs'],
  async start(apps) {
    const { proxy, tls } = await front(apps)
    const places = await each(apps, async app => {
      const { origin, port } = await place(app, proxy)
      const standin = await serve({ publicUrl: origin + PROXY_PATH, origins: [origin], port: await freePort() })
      return proxied({ origin, port, standin })
    })
    return { places, certificate: tls, stop: () => stopAll(places, proxy, tls) }
  },
}

// Production on an address that Node resolves as the browser does, for helpers that fetch in Node what the page asks for.
export const loopback = {
  name: 'production on 127.0.0.1',
  short: 'loopback',
  hops: 2,
  strangerHops: 1,
  async start([app]) {
    const tls = await certificate(['127.0.0.1'])
    const proxy = await reverseProxy(tls)
    const [port, backendPort, appPort] = [await freePort(), await freePort(), await freePort()]
    proxy.route('127.0.0.1', appPort)
    const origin = `https://127.0.0.1:${proxy.port}`
    const publicUrl = `https://127.0.0.1:${port}`
    const standin = await serve({ publicUrl, origins: [origin], port, backendPort, certificate: tls })
    const places = new Map([[app, { origin, port: appPort, standin }]])
    return { places, certificate: tls, stop: () => stopAll(places, proxy, tls) }
  },
}

// A reverse proxy with a certificate for Standin and all apps.
async function front(apps) {
  const tls = await certificate([CLERK, ...apps.map(hostOf)])
  return { tls, proxy: await reverseProxy(tls) }
}

const hostOf = app => `${app.name}.example.test`

async function place(app, proxy) {
  const port = await freePort()
  proxy.route(hostOf(app), port)
  return { origin: `https://${hostOf(app)}:${proxy.port}`, port }
}

const proxied = place => ({ ...place, settings: { CLERK_FAPI_URL: place.standin.apiUrl } })

async function each(apps, place) {
  const places = new Map()
  for (const app of apps) places.set(app, await place(app))
  return places
}

const originsOf = places => [...places.values()].map(({ origin }) => origin)

async function stopAll(places, proxy, tls) {
  await Promise.all([...new Set([...places.values()].map(({ standin }) => standin))].map(standin => standin.stop()))
  await proxy?.stop()
  if (tls) await rm(tls.folder, { recursive: true })
}

export const deployments = [development, production, productionTls, developmentProxied, productionProxied]

// What is open at the same time, each deployment with its apps. In the short set that is development, then all others at
// once: they are few enough to share the minute in which tokens expire. An app that is built has one folder for what is built, so
// it can be in one deployment of a batch only.
export function batches(apps, { full, only }) {
  const chosen = deployments.filter(({ name }) => !only || name === only).map(deployment => {
    const taken = apps.filter(app => !deployment.takes || deployment.takes(app))
    const every = full || only || !deployment.sample
    return { deployment, apps: every ? taken : taken.filter(app => deployment.sample.includes(app.name)) }
  }).filter(({ apps }) => apps.length)
  if (full) return chosen.map(one => [one])
  const isWhole = ({ deployment }) => !deployment.sample
  return [chosen.filter(isWhole), chosen.filter(one => !isWhole(one))].filter(batch => batch.length)
}
