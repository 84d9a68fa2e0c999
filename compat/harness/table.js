// The tables in README.md, made from what a run has seen.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const file = join(import.meta.dirname, '../README.md')
const [begin, end] = ['<!-- made by `node run.js --table`: begin -->', '<!-- end -->']

// What the list of unsteady checks says when there are none; `./test` looks for it in the committed table.
export const NO_UNSTEADY = 'Checks that passed only when they were run once more: none.'

// Replaces what stands between the two marks. `apps` get a column each; the other results are listed below, and what was
// unsteady under them.
export async function write(report, apps, deployments) {
  const results = report.all()
  const text = await readFile(file, 'utf8')
  const [from, to] = [text.indexOf(begin), text.indexOf(end)]
  if (from < 0 || to < from) throw new Error('README.md has lost the marks between which the table goes')
  const shorts = new Map(deployments.map(({ name, short }) => [name, short]))
  const ofApp = results.filter(result => apps.some(app => app.name === result.name))
  const rest = results.filter(result => !ofApp.includes(result))
  const made = [matrix(ofApp, apps, shorts), list(rest), unsteady(report.unsteady())].join('\n\n')
  await writeFile(file, `${text.slice(0, from + begin.length)}\n\n${made}\n\n${text.slice(to)}`)
}

// A row for each check, a column for each SDK; a cell names the deployments in which it passed.
function matrix(results, apps, shorts) {
  const versions = new Map(results.map(({ name, sdk, version }) => [name, `\`${sdk}\` ${version}`]))
  const cell = (app, sentence) => results
    .filter(result => result.name === app.name && result.sentence === sentence)
    .map(({ deployment }) => shorts.get(deployment))
    .join(' ')
  const rows = sentences(results).map(sentence => [sentence, ...apps.map(app => cell(app, sentence))])
  return [
    ['Check', ...apps.map(app => versions.get(app.name))],
    Array(apps.length + 1).fill('---'),
    ...rows,
  ].map(cells => `| ${cells.join(' | ')} |`).join('\n')
}

function list(results) {
  return sentences(results).map(sentence => {
    const seen = results.filter(result => result.sentence === sentence)
    const where = seen.map(({ sdk, version, deployment }) => `\`${sdk}\` ${version}, ${deployment}`)
    return `- ${sentence} (${where.join('; ')})`
  }).join('\n')
}

function unsteady(records) {
  if (!records.length) return NO_UNSTEADY
  const lines = records.map(({ title }) => `- ${title}`)
  return ['Checks that were **unsteady**, failed and passed in turn:', '', ...lines].join('\n')
}

const sentences = results => [...new Set(results.map(({ sentence }) => sentence))]
