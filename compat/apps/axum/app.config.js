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
  organizations: {},
  // As the Rust tests build it, so that nothing is compiled for this alone.
  build: ['cargo', 'build', '--quiet', '--workspace', '--all-features', '--example', 'axum'],
  start: [resolve(target, 'debug/examples/axum')],
}
