// What the two sets hold: `node --test harness/deployments.test.js`.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apps } from './app.js'
import { batches, deployments } from './deployments.js'

const known = await apps()
const short = batches(known, {}).flat()
const full = batches(known, { full: true }).flat()
const names = apps => apps.map(({ name }) => name)

test('the short set holds every app in development and some in each other deployment', () => {
  assert.deepEqual(short.map(({ deployment }) => deployment), deployments)
  assert.deepEqual(short[0].apps, known)
  for (const { deployment, apps } of short.slice(1)) {
    assert.ok(apps.length)
    assert.deepEqual(names(apps), deployment.sample)
  }
})

test('the full set holds every app in every deployment that takes it', () => {
  assert.deepEqual(full.map(({ deployment }) => deployment), deployments)
  for (const { deployment, apps } of full) {
    assert.deepEqual(names(apps), names(known.filter(app => !deployment.takes || deployment.takes(app))))
  }
})

test('no app that is built is open twice at the same time, since it has one folder for what is built', () => {
  for (const batch of [...batches(known, {}), ...batches(known, { full: true })]) {
    const built = names(batch.flatMap(({ apps }) => apps).filter(({ build }) => build))
    assert.deepEqual(built, [...new Set(built)])
  }
})

test('one deployment alone is opened with every app that it takes', () => {
  const [[{ deployment, apps }], ...none] = batches(known, { only: 'production' })
  assert.equal(deployment.name, 'production')
  assert.deepEqual(apps, known)
  assert.deepEqual(none, [])
})
