import { resolve } from 'node:path'

const target = process.env.CARGO_TARGET_DIR ?? resolve(import.meta.dirname, '../../../target')

export default {
  name: 'axum',
  sdk: 'standin',
  // What `standin env` is asked for: the SDK reads the same names as Express's.
  framework: 'express',
  build: ['cargo', 'build', '--release', '--quiet', '-p', 'standin', '--features', 'axum', '--example', 'axum'],
  start: [resolve(target, 'release/examples/axum')],
}
