// The verdicts of the report and the repetition of groups: `node --test harness/report.test.js`.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { Groups } from './groups.js'
import { Report } from './report.js'
import { NO_UNSTEADY } from './table.js'

// A world without a browser. It counts how often its pages were closed.
function setUp() {
  const lines = []
  const report = new Report(line => lines.push(line))
  const subject = { name: 'express', sdk: '@clerk/express', version: '1.0.0', deployment: 'development' }
  const world = { subject, check: report.checks(subject), ended: 0, end: async () => { world.ended++ } }
  return { report, groups: new Groups(report), world, lines }
}

// A check's body that throws in its first `times` attempts.
function failing(times) {
  let left = times
  return async () => { if (left-- > 0) throw new Error('the frame was slow') }
}

const sentences = records => records.map(({ sentence }) => sentence)

test('a check that fails once is repeated with its group, counts as passed and is listed as unsteady', async () => {
  const { report, groups, world, lines } = setUp()
  const [slow, steady] = [failing(1), failing(0)]
  await groups.run(world, async function arrival({ check }) {
    await check('is slow', slow)
    await check('is steady', steady)
  })
  await groups.repeat()
  assert.equal(report.finish(), true)
  assert.deepEqual(sentences(report.unsteady()), ['is slow'])
  assert.deepEqual(sentences(report.failed()), [])
  assert.equal(world.ended, 1)
  const text = lines.join('\n')
  assert.match(text, /^FAILED {2}express, development: is slow \(0\.\d s\)$/m)
  assert.match(text, /the frame was slow/)
  assert.match(text, /^Once more, alone: arrival of express, development$/m)
  assert.match(text, /^ok {6}express, development: is slow \(attempt 2, 0\.\d s\)$/m)
  assert.match(text, /unsteady.*\n {2}express, development: is slow \(failed, passed\)/)
  assert.match(text, /2 passed, 1 of them unsteady; 0 failed$/)
})

test('a check that fails twice has failed, and is not tried a third time', async () => {
  const { report, groups, world, lines } = setUp()
  const broken = failing(Infinity)
  await groups.run(world, async function arrival({ check }) { await check('is broken', broken) })
  await groups.repeat()
  await groups.repeat()
  assert.equal(report.finish(), false)
  assert.deepEqual(report.failed().map(({ attempts }) => attempts), [[false, false]])
  assert.deepEqual(report.unsteady(), [])
  assert.match(lines.join('\n'), /These failed:\n {2}express, development: is broken \(every time\)/)
})

test('a group whose checks pass is not repeated', async () => {
  const { report, groups, world, lines } = setUp()
  let runs = 0
  await groups.run(world, async function arrival({ check }) {
    runs++
    await check('is steady', failing(0))
  })
  await groups.repeat()
  assert.equal(report.finish(), true)
  assert.equal(runs, 1)
  assert.match(lines.join('\n'), /\n1 passed, 0 of them unsteady; 0 failed$/)
})

test('a check that passed at first and fails in the repetition of its group is unsteady as well', async () => {
  const { report, groups, world } = setUp()
  const [slow, later] = [failing(1), failing(0)]
  let first = true
  await groups.run(world, async function arrival({ check }) {
    await check('is slow', slow)
    await check('turns bad', first ? later : failing(1))
    first = false
  })
  await groups.repeat()
  assert.equal(report.finish(), true)
  assert.deepEqual(sentences(report.unsteady()), ['is slow', 'turns bad'])
})

test('a check of no group fails without a second attempt, and the report says so', async () => {
  const { report, groups, world, lines } = setUp()
  await world.check('stays on this machine', failing(1))
  report.broken({ name: 'nuxt', deployment: 'production' }, 'the app starts', new Error('no such port'))
  await groups.repeat()
  assert.equal(report.finish(), false)
  const text = lines.join('\n')
  assert.match(text, /stays on this machine \(not repeated\)/)
  assert.match(text, /nuxt, production: the app starts \(not repeated\)/)
})

test('a check that the repetition does not reach stays failed', async () => {
  const { report, groups, world } = setUp()
  let first = true
  await groups.run(world, async function arrival({ check }) {
    if (first) await check('comes once only', failing(1))
    first = false
  })
  await groups.repeat()
  assert.equal(report.finish(), false)
  assert.deepEqual(report.failed().map(({ attempts }) => attempts), [[false]])
})

test('an error between two checks is repeated like a failed one', async () => {
  const { report, groups, world } = setUp()
  const between = failing(1)
  await groups.run(world, async function arrival({ check }) {
    await check('is steady', failing(0))
    await between()
  })
  assert.deepEqual(sentences(report.failed()), ['the arrival checks run to their end'])
  await groups.repeat()
  assert.equal(report.finish(), true)
  assert.deepEqual(sentences(report.unsteady()), ['the arrival checks run to their end'])
})

test('a failure of one world repeats no group of another', async () => {
  const { report, groups, world } = setUp()
  const subject = { ...world.subject, deployment: 'production' }
  const other = { subject, check: report.checks(subject), end: async () => {} }
  const runs = { development: 0, production: 0 }
  const slow = failing(1)
  const arrival = async ({ subject: { deployment }, check }) => {
    runs[deployment]++
    await check('arrives', deployment === 'development' ? slow : failing(0))
  }
  await Promise.all([groups.run(world, arrival), groups.run(other, arrival)])
  await groups.repeat()
  assert.deepEqual(runs, { development: 2, production: 1 })
})

test('a run that checked nothing is not a good one', () => {
  assert.equal(setUp().report.finish(), false)
})

test('the committed table was made by a run without unsteady checks', async () => {
  const readme = await readFile(join(import.meta.dirname, '../README.md'), 'utf8')
  assert.equal(readme.split(NO_UNSTEADY).length, 2)
})
