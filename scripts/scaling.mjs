// Computes docs/scaling.md from what was measured: the figures of docs/performance.md, and the two tables of docs/scaling.md that
// say how often a user asks for what and how PostgreSQL shares the work.
//   node scripts/scaling.mjs           writes the computed part
//   node scripts/scaling.mjs --check   fails where it is not what the figures give
import { readFileSync, writeFileSync } from 'node:fs'

const file = (name) => new URL(`../docs/${name}`, import.meta.url)
const read = (name) => readFileSync(file(name), 'utf8')
const number = (text) => Number(text.replaceAll(',', '').trim())

/** The rows of the table whose first line has a text, as cells. */
function table(text, head, nth = 0) {
  const heads = text.split('\n').flatMap((line, at) => (line.startsWith('|') && line.includes(head) ? [at] : []))
  const from = heads.at(nth)
  if (from === undefined) throw new Error(`there is no table with "${head}"`)
  const lines = text.split('\n').slice(from + 2)
  const end = lines.findIndex((line) => !line.startsWith('|'))
  return lines.slice(0, end).map((line) => line.split('|').slice(1, -1).map((cell) => cell.trim()))
}

/** Requests per CPU-second of each operation, with the largest number of users that was measured. */
function costs(rows) {
  const found = new Map()
  let operation
  for (const [name, , , perSecond] of rows) {
    operation = name || operation
    found.set(operation, number(perSecond.split(' (')[0]))
  }
  return found
}

const [performance, page] = [read('performance.md'), read('scaling.md')]
const growth = performance.slice(performance.indexOf('## Growth\n'), performance.indexOf('## Growth, with organizations'))
const sqlite = costs(table(growth, 'per CPU-second'))
// The last one has a million users.
const postgres = costs(table(growth.slice(growth.indexOf('**PostgreSQL**')), 'per CPU-second', -1))
const asked = table(page, 'an active user asks for').map(([operation, often]) => [operation, number(often) / 3600])
const shares = new Map(table(page, 'of the CPU time').map(([operation, share]) => [operation, number(share.replace('%', '')) / 100]))

/** How full a machine may be, so that the other third is there for what comes at once. */
const FULL = 0.6

const shareOf = (operation) => shares.get(operation) ?? shares.get('refresh')
const rows = asked.map(([operation, often]) => {
  const alone = 1 / sqlite.get(operation)
  const all = postgres.get(operation)
  // Where PostgreSQL was not measured, it is asked what it is asked for a refresh.
  const database = shareOf(all ? operation : 'refresh') / (all ?? postgres.get('refresh'))
  const node = all ? 1 / all - database : alone
  return { operation, often, alone, node, database }
})
const sum = (what) => rows.reduce((total, row) => total + row.often * row[what], 0)
const [alone, node, database] = ['alone', 'node', 'database'].map(sum)
if (![alone, node, database].every(Number.isFinite)) throw new Error('an operation was not measured')

const writes = rows.filter(({ operation }) => /^(create|visit)/.test(operation)).reduce((total, row) => total + row.often, 0)
const round = (users) => Number(users.toPrecision(2)).toLocaleString('en')
const micro = (seconds) => (seconds * 1e6).toFixed(0)
const users = (cores, cost) => (cores * FULL) / cost
const nodes = (count, cores) => {
  const carried = users(count * cores, node)
  return [carried, Math.ceil((carried * database) / FULL)]
}

const lines = [
  '| operation | µs of CPU, SQLite | µs of a node, PostgreSQL | µs of PostgreSQL |',
  '|---|---:|---:|---:|',
  ...rows.map((row) => `| ${row.operation} | ${micro(row.alone)} | ${micro(row.node)} | ${micro(row.database)} |`),
  `| **an active user, a second** | ${(alone * 1e6).toFixed(1)} | ${(node * 1e6).toFixed(1)} | ${(database * 1e6).toFixed(1)} |`,
  '',
  `At ${FULL * 100} % of each processor, of the kind that was measured:`,
  '',
  '| | carries so many active users | writes a second | limited by |',
  '|---|---:|---:|---|',
  ...[2, 8].map((cores) => {
    const carried = users(cores, alone)
    return `| one machine, SQLite, ${cores} cores | ${round(carried)} | ${round(carried * writes)} | signatures |`
  }),
  ...[4, 16].map((cores) => {
    const [carried, needed] = nodes(10, cores)
    return `| ten nodes of ${cores} cores, PostgreSQL of ${needed} | ${round(carried)} | ${round(carried * writes)} | the nodes' signatures |`
  }),
  ...[4, 16, 64].map((cores) => {
    const carried = users(cores, database)
    const behind = Math.ceil((carried * node) / FULL / 4)
    return `| a PostgreSQL of ${cores} cores, ${behind} nodes of 4 before it | ${round(carried)} | ${round(carried * writes)} | PostgreSQL |`
  }),
]

const [begin, end] = ['<!-- computed -->', '<!-- /computed -->']
const computed = `${page.slice(0, page.indexOf(begin))}${begin}\n\n${lines.join('\n')}\n\n${page.slice(page.indexOf(end))}`
if (!process.argv.includes('--check')) {
  writeFileSync(file('scaling.md'), computed)
} else if (computed !== page) {
  console.error('docs/scaling.md is not what docs/performance.md gives; run node scripts/scaling.mjs')
  process.exit(1)
}
