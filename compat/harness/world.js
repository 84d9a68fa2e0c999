// What the checks of one app in one deployment stand on: the app, the server behind it, a user of its own, and browsers.
import assert from 'node:assert/strict'
import { abreast } from './abreast.js'
import { open, version } from './app.js'
import { launch, person } from './browser.js'
import { report } from './report.js'

// `elsewhere.test` is a page that the checks make up.
const local = /^(localhost|127\.0\.0\.1|elsewhere\.test|([a-z\d-]+\.)*example\.test)$/

class World {
  constructor({ app, opened, deployment, standin, browser }) {
    Object.assign(this, { app, deployment, standin, browser })
    this.opened = opened
    this.dashboard = `${opened.origin}/dashboard`
    this.clerk = standin.clerk
    this.subject = { name: app.name, sdk: app.sdk, version: version(app), deployment: deployment.name }
    this.strays = []
    // What pages did last, for the report when a check fails.
    this.trail = []
    this.check = report.checks(this.subject, this.trail)
    this.people = new Set()
  }

  async begin() {
    this.email = `ada-${this.app.name}@example.com`
    this.user = await this.clerk.users.createUser({ emailAddress: [this.email], firstName: 'Ada' })
  }

  // Somebody with a browser of their own. What their pages ask for outside of this machine is noted.
  async person(options) {
    const context = await person(this.browser, options)
    context.on('request', request => {
      const { protocol, hostname } = new URL(request.url())
      if (protocol.startsWith('http') && !local.test(hostname)) this.strays.push(request.url())
    })
    context.on('response', answer => this.note(answer.status(), answer.request().method(), answer.url()))
    context.on('requestfailed', request => this.note(request.failure().errorText, request.method(), request.url()))
    context.on('weberror', error => this.note('in the page:', error.error().message))
    this.people.add(context)
    context.on('close', () => this.people.delete(context))
    return context
  }

  // What stays inside of the page is no news.
  note(...words) {
    if (words.at(-1).startsWith('blob:')) return
    // An address may carry cookies, four thousand letters of them.
    this.trail.push(words.map(word => String(word).slice(0, 300)).join(' '))
    if (this.trail.length > 25) this.trail.shift()
  }

  // A task for this world's user, as an app would make it.
  task(wish) {
    return this.clerk.agentTasks.create({
      onBehalfOf: { userId: this.user.id },
      permissions: '*',
      agentName: 'compat',
      taskDescription: 'Sees whether the SDK is content',
      redirectUrl: this.dashboard,
      ...wish,
    })
  }

  staysHere() {
    assert.deepEqual(this.strays, [])
  }

  async end() {
    await Promise.all([...this.people].map(context => context.close()))
  }
}

// Starts a deployment with these apps. An app that does not come up is reported and left out.
export async function openWorlds(deployment, apps) {
  const { places, certificate, stop } = await deployment.start(apps)
  const browser = await launch({ certificate })
  const worlds = []
  const close = async () => {
    await browser.close()
    await Promise.all(worlds.map(world => world.opened.stop()))
    await stop()
  }
  await abreast(2, [...places], async ([app, place]) => {
    try {
      const opened = await open(app, place)
      const world = new World({ app, opened, deployment, standin: place.standin, browser })
      worlds.push(world)
      await world.begin()
    } catch (error) {
      report.broken({ name: app.name, sdk: app.sdk, deployment: deployment.name }, 'the app starts', error)
    }
  })
  return { worlds: apps.flatMap(app => worlds.filter(world => world.app === app)), close }
}
