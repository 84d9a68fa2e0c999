// An application that mirrors its users from webhooks, with Clerk's `verifyWebhook` for Express as it is published, and
// `svix`, which knows nothing of Clerk.
import assert from 'node:assert/strict'
import { verifyWebhook } from '@clerk/express/webhooks'
import express from 'express'
import { Webhook } from 'svix'
import { freePort } from '../harness/ports.js'

async function mirror(signing) {
  const users = new Map()
  const told = []
  const app = express()
  app.post('/api/webhooks', express.raw({ type: 'application/json' }), async (request, answer) => {
    try {
      const { type, data } = await verifyWebhook(request, { signingSecret: signing.secret })
      assert.equal(new Webhook(signing.secret).verify(request.body, request.headers).type, type)
      told.push(type)
      if (type === 'user.deleted') users.delete(data.id)
      else users.set(data.id, { email: data.email_addresses[0].email_address, name: data.first_name })
      answer.send('taken')
    } catch (error) {
      told.push(error.message)
      answer.status(400).send('refused')
    }
  })
  const port = await freePort()
  const server = await new Promise(resolve => { const server = app.listen(port, '127.0.0.1', () => resolve(server)) })
  const hears = async count => {
    for (let tries = 0; told.length < count; tries++) {
      assert(tries < 400, `heard of ${told}`)
      await new Promise(resolve => setTimeout(resolve, 25))
    }
  }
  return { users, told, hears, url: `http://127.0.0.1:${port}/api/webhooks`, close: () => server.close() }
}

export async function webhooks(world) {
  const { apiUrl, secretKey } = world.standin
  const call = async (method, path, body) => {
    const headers = { authorization: `Bearer ${secretKey}`, 'content-type': 'application/json' }
    const answer = await fetch(`${apiUrl}/v1/webhook_endpoints${path}`, { method, headers, body: JSON.stringify(body) })
    assert.equal(answer.status, 200, `${method} ${path}`)
    return answer.json()
  }
  await world.check('an application mirrors its users from events that verifyWebhook and svix take', async () => {
    const signing = { secret: 'whsec_b3RoZXI=' }
    const mirrored = await mirror(signing)
    const made = await call('POST', '', { url: mirrored.url, events: ['user.*'] })
    try {
      const { id } = await world.clerk.users.createUser({ emailAddress: ['mirrored@example.com'], firstName: 'Grace' })
      await mirrored.hears(1)
      assert.match(mirrored.told[0], /verif|signature/i)
      // Refused once, for it had another secret: it comes again, and what follows waits for it.
      signing.secret = made.signing_secret
      await world.clerk.users.updateUser(id, { firstName: 'Hopper' })
      await mirrored.hears(3)
      assert.deepEqual(mirrored.told.slice(1), ['user.created', 'user.updated'])
      assert.deepEqual(mirrored.users.get(id), { email: 'mirrored@example.com', name: 'Hopper' })
      await world.clerk.users.deleteUser(id)
      await mirrored.hears(4)
      assert.deepEqual([mirrored.told[3], mirrored.users.size], ['user.deleted', 0])
    } finally {
      await call('DELETE', `/${made.id}`)
      mirrored.close()
    }
  })
}
