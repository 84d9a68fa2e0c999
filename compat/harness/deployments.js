// The ways in which Standin and an application are put on the web. Each says where browsers find the application, how many
// answers a task's link may take until the page is there, and starts the server.
import { freePort } from './ports.js'
import { dev } from './standin.js'

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
      places.set(app, { origin: `http://localhost:${port}`, port, settings: {} })
    }
    return { standin, places, stop: () => standin.stop() }
  },
}

export const deployments = [development]
