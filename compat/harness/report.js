// One line for each check, and the count at the end.
import { stripVTControlCharacters } from 'node:util'

const results = []

// Checks of one subject ("@clerk/express 2.1.70, development"). A check passes when its body does not throw; if it does, the
// end of the trail is told with it.
export function checks(subject, trail = []) {
  return async function check(sentence, body) {
    const started = performance.now()
    let error
    try {
      await body()
    } catch (thrown) {
      error = thrown
    }
    const result = { ...subject, sentence, passed: !error }
    results.push(result)
    const seconds = ((performance.now() - started) / 1000).toFixed(1)
    console.log(`${error ? 'FAILED' : 'ok    '}  ${title(subject)}: ${sentence} (${seconds} s)`)
    if (error) console.log([indented(error), ...trail.map(line => `            ${line}`)].join('\n'))
    return result.passed
  }
}

// Something that kept a whole subject from being checked.
export function broken(subject, sentence, error) {
  results.push({ ...subject, sentence, passed: false })
  console.log(`FAILED  ${title(subject)}: ${sentence}`)
  console.log(indented(error))
}

// The last line; true if all is well.
export function finish() {
  const failed = results.filter(result => !result.passed)
  if (failed.length) console.log('\nThese failed:')
  for (const result of failed) console.log(`  ${title(result)}: ${result.sentence}`)
  console.log(`\n${results.length - failed.length} passed, ${failed.length} failed`)
  return results.length > 0 && failed.length === 0
}

export const everything = () => results

const title = ({ name = 'run.js', deployment }) => [name, deployment].filter(Boolean).join(', ')

// What went wrong, what the server said about it (SDKs keep that beside the message), and where in the checks.
function indented(error) {
  const where = error.stack?.split('\n').find(line => line.includes('/checks/'))
  const said = error.errors && JSON.stringify(error.errors)
  const text = stripVTControlCharacters([error.message ?? error, said, where].filter(Boolean).join('\n'))
  return text.replace(/^/gm, '          ')
}
