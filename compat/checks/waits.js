// What is true only after a while, in real time: tokens live 60 s, and servers take them for 5 s more; a session ends when
// its task says. Everything is set up first, for all apps at once, so that they share one wait.
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { loadedAs, post, served, visit } from '../harness/browser.js'
import { follow } from './components.js'
import { openTogether } from './reuse.js'

const TOKEN_SECONDS = 66
const SHORT_SESSION_SECONDS = 72

export class Waits {
  constructor(world) {
    this.world = world
  }

  // All of it at once, with nothing else in between: how the group is repeated.
  static async waits(world) {
    const waits = new Waits(world)
    await waits.begin()
    await waits.finish()
  }

  async begin() {
    this.ready = await this.world.check('the pages to be waited for are open', () => this.openPages())
  }

  async openPages() {
    this.open = await this.arrive()
    this.away = await this.arrive()
    this.saved = { storageState: await this.away.context().storageState(), ...await served(this.away) }
    await this.away.close()
    this.revoked = await this.arrive()
    await this.world.clerk.sessions.revokeSession((await served(this.revoked)).session)
    await this.revoked.close()
    const short = { sessionMaxDurationInSeconds: SHORT_SESSION_SECONDS }
    this.short = await this.arrive(short)
    this.shortAway = await this.arrive(short)
    await this.shortAway.close()
    this.began = performance.now()
  }

  async arrive(wish) {
    const { page } = await visit(await this.world.person(), (await this.world.task(wish)).url)
    await loadedAs(page, this.world.user.id)
    return page
  }

  async finish() {
    if (!this.ready) return
    await this.after(TOKEN_SECONDS)
    await this.tokenIsOver()
    await this.after(SHORT_SESSION_SECONDS)
    await this.sessionIsOver()
  }

  async tokenIsOver() {
    const { world } = this
    await world.check('when the first token has expired, the open page is still signed in for its own requests', async () => {
      assert.equal((await post(this.open, '/api/example')).status, 200)
    })
    if (world.app.components) {
      await world.check('when the first token has expired, a link in the open page leads to a page that is signed in too', async () => {
        await follow(this.open, 'other')
        await this.isStillIn(this.open)
      })
    }
    await world.check('when the first token has expired, the open page is still signed in after a reload', async () => {
      await this.open.reload()
      await this.isStillIn(this.open)
    })
    await world.check('a page that was closed meanwhile comes back signed in, with nothing but an expired token', async () => {
      assert.ok(await expired(this.away.context()))
      const { page, way } = await visit(this.away.context(), world.dashboard)
      assert.ok(way.filter(isHandshake).length <= 1, way.join('\n'))
      await this.isStillIn(page)
      assert.equal((await post(page, '/api/example')).status, 200)
    })
    await world.check('a saved state opens the page in four browsers at once when its token has long expired', async () => {
      const { storageState, user, session } = this.saved
      await openTogether(world, storageState, { browsers: 4, user, session })
    })
    await world.check('a session revoked while its page was closed is over when the page comes back', async () => {
      assert.ok(await expired(this.revoked.context()))
      await this.isOut((await visit(this.revoked.context(), world.dashboard)).page)
    })
  }

  async sessionIsOver() {
    const { world } = this
    await world.check('when the session may last no longer, the open page signs itself out', async () => {
      await loadedAs(this.short, '')
      assert.equal((await post(this.short, '/api/example')).status, 401)
    })
    await world.check('when the session may last no longer, the server finds nobody, whether the page was open or closed meanwhile', async () => {
      await this.short.reload()
      await this.isOut(this.short)
      await this.isOut((await visit(this.shortAway.context(), world.dashboard)).page)
    })
  }

  async after(seconds) {
    await sleep(this.began + seconds * 1000 - performance.now())
  }

  async isStillIn(page) {
    assert.equal((await served(page)).user, this.world.user.id)
    await loadedAs(page, this.world.user.id)
  }

  async isOut(page) {
    assert.equal((await served(page)).user, '')
    await loadedAs(page, '')
  }
}

const isHandshake = url => new URL(url).pathname.endsWith('/v1/client/handshake')

// Whether the session token that a browser holds is one that servers no longer take.
async function expired(context) {
  const cookies = await context.cookies()
  const { value } = cookies.find(({ name }) => name === '__session')
  const { exp } = JSON.parse(Buffer.from(value.split('.')[1], 'base64url'))
  return exp + 5 < Date.now() / 1000
}
