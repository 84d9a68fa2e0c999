// An environment of Python with the packages of tools/requirements.txt, made where it is missing.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './process.js'
import { plainEnvironment } from './standin.js'

const folder = join(import.meta.dirname, '../tools')
const venv = join(folder, '.venv')

export const interpreter = join(venv, 'bin/python')

const ask = (command, name) => run(command, { name, cwd: folder, env: plainEnvironment() })

let made

// Two suites want it, and one makes it.
export function python() {
  made ??= make()
  return made
}

async function make() {
  if (!existsSync(interpreter)) await ask(['python3', '-m', 'venv', venv], 'python3 -m venv')
  // In no time where all of it is there.
  await ask([interpreter, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', 'requirements.txt'], 'pip install')
}
