import assert from 'node:assert/strict'
import { test } from 'node:test'
import { run } from './process.js'

test('all that a command prints is there, also what arrives after it has ended', async () => {
  const command = ['sh', '-c', '(sleep 0.2; echo late) & echo early']
  assert.equal(await run(command, { name: 'a printer', env: process.env }), 'early\nlate\n')
})

test('a command that cannot be started is told', async () => {
  await assert.rejects(run(['/no/such/command'], { name: 'nothing', env: {} }), /could not start/)
})
