// What docs/testing.md says of other files is so.
import assert from 'node:assert/strict'
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import yaml from 'yaml'

const root = join(import.meta.dirname, '../..')

test('the recipe for GitHub Actions can be read, needs no secret and fails where nobody signs in', async () => {
  const text = await readFile(join(root, 'docs/examples/github-actions.yml'), 'utf8')
  const { jobs: { e2e }, permissions } = yaml.parse(text)
  assert.deepEqual(permissions, { contents: 'read' })
  assert.ok(e2e.steps.every(step => step.uses || step.run))
  assert.match(e2e.steps.at(-1).run, /^npx standin dev --ephemeral .*--expect-sign-in -- /)
  assert.doesNotMatch(text, /secrets\./)
})

test('what is to be checked for a signed-out page is what the doctor looks at', async () => {
  const guide = await readFile(join(root, 'docs/testing.md'), 'utf8')
  const told = [...guide.split('## A signed-out page')[1].matchAll(/^\d+\. (`[^:]+):/gm)]
  const names = told.flatMap(([, names]) => [...names.matchAll(/`([^`]+)`/g)].map(([, name]) => name))
  const folder = join(root, 'cli/src/doctor')
  const sources = await Promise.all((await readdir(folder)).map(file => readFile(join(folder, file), 'utf8')))
  const looked = sources.flatMap(text => [...text.matchAll(/Finding::(?:ok|note|wrong)\(\s*"([^"]+)"/g)].map(([, name]) => name))
  // That others can read keys or the data folder signs no page out.
  const wanted = new Set(looked.filter(name => !['data', 'secrets'].includes(name)))
  assert.deepEqual(new Set(names), wanted)
})
