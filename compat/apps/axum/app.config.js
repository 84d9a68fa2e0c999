import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'

const root = resolve(import.meta.dirname, '../../..')
const target = process.env.CARGO_TARGET_DIR ?? resolve(root, 'target')

export default {
  name: 'axum',
  sdk: 'standin',
  // Of the whole workspace; the SDK is no npm package.
  version: readFileSync(resolve(root, 'Cargo.toml'), 'utf8').match(/^version = "(.+)"$/m)[1],
  // What `standin env` is asked for: the SDK reads the same names as Express's.
  framework: 'express',
  build: ['cargo', 'build', '--release', '--quiet', '-p', 'standin', '--features', 'axum', '--example', 'axum'],
  start: [resolve(target, 'release/examples/axum')],
}
