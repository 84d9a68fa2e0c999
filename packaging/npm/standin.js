#!/usr/bin/env node
// Runs the binary of this platform, which is in a package of its own: with these arguments and files, and to its end.
'use strict'
const { spawn } = require('node:child_process')
const { isatty } = require('node:tty')
const { optionalDependencies: built } = require('./package.json')

const name = `@standin/${process.platform}-${process.arch}`

// As shells tell it: 126 for what cannot be run, 127 for what is not there.
function end(code, ...lines) {
  console.error(lines.join('\n'))
  process.exit(code)
}

function binary() {
  try {
    return require.resolve(`${name}/standin`)
  } catch {
    end(
      127,
      `standin: there is no binary here: the package ${name} is not installed.`,
      name in built
        ? '  install it beside this one; npm leaves it out with --omit=optional and where the C library is not glibc'
        : `  this release was built for ${Object.keys(built).join(', ')}`,
      '  or build one from a checkout of the sources: cargo install --path cli --locked',
    )
  }
}

const child = spawn(binary(), process.argv.slice(2), { stdio: 'inherit' })
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    // Ctrl-C reaches the binary by itself.
    if (signal !== 'SIGINT' || !isatty(0)) child.kill(signal)
  })
}
child.on('error', error => end(126, `standin: ${name} cannot be run: ${error.message}`))
child.on('exit', (code, signal) => {
  if (!signal) process.exit(code)
  process.removeAllListeners(signal)
  process.kill(process.pid, signal)
})
