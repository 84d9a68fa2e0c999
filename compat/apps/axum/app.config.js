import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'

const workspace = resolve(import.meta.dirname, '../../..')
const target = process.env.CARGO_TARGET_DIR ?? resolve(workspace, 'target')
const [, version] = readFileSync(resolve(workspace, 'Cargo.toml'), 'utf8').match(/^version = "(.+)"$/m)

export default {
  name: 'axum',
  sdk: 'standin',
  // The SDK is no package of npm.
  version,
  // What `standin env` is asked for: the SDK reads the same names as Express's.
  framework: 'express',
  build: ['cargo', 'build', '--release', '--quiet', '-p', 'standin', '--features', 'axum', '--example', 'axum'],
  start: [resolve(target, 'release/examples/axum')],
}
