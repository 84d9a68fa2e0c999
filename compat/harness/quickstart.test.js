// The snippets of docs/quickstart.md stand in the applications that are run.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'

const docs = join(import.meta.dirname, '../../docs')

test('every snippet of the quick start is of an application that is run', async () => {
  const page = await readFile(join(docs, 'quickstart.md'), 'utf8')
  const parts = page.split(/^```js\n/m)
  for (const [number, part] of parts.entries()) {
    if (number === 0) continue
    const [, file] = [...parts[number - 1].matchAll(/\]\((\.\.\/compat\/(?:apps|pages)\/[^)]+)\)/g)].at(-1)
    const lines = (await readFile(join(docs, file), 'utf8')).split('\n')
    let at = 0
    for (const line of part.slice(0, part.indexOf('\n```')).split('\n').filter(line => line.trim())) {
      at = lines.indexOf(line, at) + 1
      assert.ok(at > 0, `${file} has no line ${line}`)
    }
  }
  assert.ok(parts.length > 10)
})
