// What was checked and how it went: a line for each attempt, and the verdicts at the end. A check that failed may be tried
// once more (groups.js says when). One that failed every time has failed; one whose attempts disagree counts as passed, and
// is told apart as unsteady.
import { stripVTControlCharacters } from 'node:util'

export class Report {
  constructor(print = console.log) {
    this.print = print
    // Every check by its whole title, in the order of first attempts.
    this.records = new Map()
  }

  // Checks of one subject ("@clerk/express 2.1.70, development"). A check passes when its body does not throw; if it does,
  // the end of the trail is told with it.
  checks(subject, trail = []) {
    return async (sentence, body) => {
      const started = performance.now()
      let error
      try {
        await body()
      } catch (thrown) {
        error = thrown ?? new Error('something was thrown that says nothing')
      }
      const seconds = ((performance.now() - started) / 1000).toFixed(1)
      return this.attempt(subject, sentence, { error, seconds, trail })
    }
  }

  // Something that kept a whole subject from being checked.
  broken(subject, sentence, error) {
    this.attempt(subject, sentence, { error })
  }

  attempt(subject, sentence, { error, seconds, trail = [] }) {
    const title = `${titleOf(subject)}: ${sentence}`
    if (!this.records.has(title)) this.records.set(title, { ...subject, sentence, title, attempts: [] })
    const { attempts } = this.records.get(title)
    attempts.push(!error)
    const times = attempts.length > 1 ? `attempt ${attempts.length}` : ''
    const aside = [times, seconds && `${seconds} s`].filter(Boolean).join(', ')
    this.print(`${error ? 'FAILED' : 'ok    '}  ${title}${aside && ` (${aside})`}`)
    if (error) this.print([indented(error), ...trail.map(line => `            ${line}`)].join('\n'))
    return !error
  }

  // How many attempts of a subject have failed so far.
  failures(subject) {
    return this.all().filter(record => titleOf(record) === titleOf(subject))
      .reduce((sum, { attempts }) => sum + attempts.filter(passed => !passed).length, 0)
  }

  // Whether the last attempt at this check failed.
  isOpen(subject, sentence) {
    return this.records.get(`${titleOf(subject)}: ${sentence}`)?.attempts.at(-1) === false
  }

  all() {
    return [...this.records.values()]
  }

  failed() {
    return this.all().filter(({ attempts }) => !attempts.includes(true))
  }

  unsteady() {
    return this.all().filter(({ attempts }) => attempts.includes(true) && attempts.includes(false))
  }

  // The last lines; true if all is well.
  finish() {
    const [failed, unsteady] = [this.failed(), this.unsteady()]
    this.list('These were unsteady, failed and passed in turn:', unsteady, shown)
    this.list('These failed:', failed, record => record.attempts.length > 1 ? 'every time' : 'not repeated')
    const passed = this.records.size - failed.length
    this.print(`\n${passed} passed, ${unsteady.length} of them unsteady; ${failed.length} failed`)
    return this.records.size > 0 && failed.length === 0
  }

  list(heading, records, aside) {
    if (records.length) this.print(`\n${heading}`)
    for (const record of records) this.print(`  ${record.title} (${aside(record)})`)
  }
}

const titleOf = ({ name = 'run.js', deployment }) => [name, deployment].filter(Boolean).join(', ')

const shown = ({ attempts }) => attempts.map(passed => passed ? 'passed' : 'failed').join(', ')

// What went wrong, what the server said about it (SDKs keep that beside the message), and where in the checks.
function indented(error) {
  const where = error.stack?.split('\n').find(line => line.includes('/checks/'))
  const said = error.errors && JSON.stringify(error.errors)
  const text = stripVTControlCharacters([error.message ?? error, said, where].filter(Boolean).join('\n'))
  return text.replace(/^/gm, '          ')
}

// The report of this run.
export const report = new Report()
