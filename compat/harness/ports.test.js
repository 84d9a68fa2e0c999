import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { freePort } from './ports.js'

test('no port is handed out twice, or while somebody has it, or from those that the system gives to anybody', async () => {
  const first = await freePort()
  const taken = createServer()
  await new Promise(resolve => taken.listen(first + 1, '127.0.0.1', resolve))
  const ports = []
  for (let n = 0; n < 50; n++) ports.push(await freePort())
  taken.close()
  assert.equal(new Set([first, first + 1, ...ports]).size, 52)
  assert.ok(ports.every(port => port < 32_000))
})
