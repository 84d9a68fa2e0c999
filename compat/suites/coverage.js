// Every method of @clerk/backend is called against the running server, and what comes back is held against
// docs/coverage.md: served is what the page says is served, and a 404 of what is not names the page.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { createClerkClient } from '@clerk/backend'
import { development } from '../harness/deployments.js'
import { Groups } from '../harness/groups.js'
import { openWorlds } from '../harness/world.js'

export const name = 'coverage'

const PAGE = 'docs/coverage.md'

export async function main(apps) {
  const app = { ...apps.find(app => app.name === 'backend'), name: 'coverage' }
  const { worlds: [world], close } = await openWorlds(development, [app])
  const groups = new Groups()
  try {
    if (world) {
      await groups.run(world, methods)
      await world.end()
      await groups.repeat()
    }
  } finally {
    await close()
  }
}

async function methods(world) {
  await world.check('every method of the SDK is answered as docs/coverage.md says', async () => {
    const table = tableOf(await readFile(join(import.meta.dirname, '../..', PAGE), 'utf8'))
    const listener = await listen(world.standin)
    const all = methodsOf(listener.clerk)
    assert.ok(all.length >= 192, `${all.length} methods`)
    const wrong = []
    for (const method of all) {
      const { asked, served, named } = await answerTo(method, listener)
      const promised = table.find(row => row.matches(asked))?.served ?? false
      if (served !== promised) wrong.push(`${method.name}: ${asked} is ${served ? '' : 'not '}served`)
      if (!served && !named) wrong.push(`${method.name}: ${asked} does not name ${PAGE}`)
    }
    listener.stop()
    assert.deepEqual(wrong, [])
  })
}

// What the client can do: name and function, without what its parts have in common.
function methodsOf(clerk) {
  const common = ['constructor', 'requireId', 'request']
  const parts = Object.entries(clerk).filter(([name, part]) => part && typeof part === 'object' && name !== 'telemetry')
  return parts.flatMap(([part, api]) => Object.getOwnPropertyNames(Object.getPrototypeOf(api))
    .filter(name => !common.includes(name) && typeof api[name] === 'function')
    .map(name => ({ name: `${part}.${name}`, call: (...given) => api[name](...given) })))
}

// The rows of the Backend API's table, those with fewer parameters in their path first.
function tableOf(page) {
  const [backend] = page.split('## Frontend API')
  const rows = [...backend.matchAll(/^\| `(\w+) ([^`]+)` \| (yes|in part|no) \|/gm)].map(([, method, path, word]) => ({
    served: word !== 'no',
    parameters: path.split('{').length,
    matches: asked => new RegExp(`^${method} ${path.replace(/\{\w+\}/g, '[^/]+')}$`).test(asked),
  }))
  assert.ok(rows.length > 200, `${rows.length} rows`)
  return rows.sort((one, other) => one.parameters - other.parameters)
}

// An object in which every name that is asked for has a value, and that holds little when it is sent.
const anything = () => new Proxy({}, { get: (_, name) => (typeof name === 'string' && name !== 'then' ? 'x' : undefined) })

// Calls a method with what it may take: an id and parameters, parameters alone, or a list.
async function answerTo({ name, call }, listener) {
  for (const given of [[anything(), anything()], ['x', 'x', anything()], ['x', anything()], [[{ to: {} }]]]) {
    listener.answer = undefined
    // Most of it makes no sense; that it was asked for is enough.
    await Promise.resolve().then(() => call(...given)).catch(() => {})
    if (listener.answer && !/object/i.test(listener.answer.asked)) return listener.answer
  }
  throw new Error(`${name} asks for nothing`)
}

// Stands between the SDK and Standin and notes the first thing that is asked for, and what becomes of it. The SDK took
// `fetch` when it was loaded, so there is no other place to listen at.
async function listen(standin) {
  const listener = { answer: undefined }
  const server = createServer(async (incoming, outgoing) => {
    const { method, url, headers: { authorization } } = incoming
    const sent = await buffer(incoming)
    const body = method === 'GET' ? undefined : sent
    const type = incoming.headers['content-type']
    const answer = await fetch(standin.apiUrl + url, { method, body, headers: { authorization, ...(type && { 'content-type': type }) } })
    const text = await answer.text()
    const unknown = answer.status === 405 || (answer.status === 404 && text.includes(PAGE))
    listener.answer ??= { asked: `${method} ${url.split('?')[0]}`, served: !unknown, named: text.includes(PAGE) }
    outgoing.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.status === 204 ? undefined : text)
  })
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
  const apiUrl = `http://127.0.0.1:${server.address().port}`
  listener.clerk = createClerkClient({ apiUrl, secretKey: standin.secretKey, telemetry: { disabled: true } })
  listener.stop = () => server.close(() => {}) && server.closeAllConnections()
  return listener
}
