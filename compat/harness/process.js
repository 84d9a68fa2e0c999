// Child processes: started in a group of their own, their output kept for the report, ended with all they started.
import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'

const running = new Set()

// Starts a command. The environment is exactly the one given, so that nothing of the caller's own leaks into a case.
export function start([command, ...args], { cwd, env, name }) {
  const child = spawn(command, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  const process = { name, child, stdout: '', log: '', ended: false }
  process.exit = new Promise(resolve => {
    child.on('error', error => resolve(`could not start: ${error.message}`))
    child.on('exit', (code, signal) => resolve(signal ?? code))
  }).then(how => {
    process.ended = true
    running.delete(process)
    return how
  })
  process.closed = new Promise(resolve => child.on('close', resolve))
  child.stdout.on('data', data => { process.stdout += data; process.log += data })
  child.stderr.on('data', data => { process.log += data })
  running.add(process)
  return process
}

// Runs a command to its end and gives back what it printed on stdout.
export async function run(command, options) {
  const process = start(command, options)
  const how = await process.exit
  // What it printed last may still be under way when it has ended.
  await process.closed
  if (how !== 0) throw new Error(`${options.name}: ended with ${how}\n${tail(process)}`)
  return process.stdout
}

export async function stop(process, signal = 'SIGTERM') {
  if (!process || process.ended) return
  kill(process, signal)
  const ended = await Promise.race([process.exit.then(() => true), sleep(5000, false, { ref: false })])
  if (!ended) kill(process, 'SIGKILL')
  await process.exit
}

// Whatever is left when the suite ends, however it ends.
export function stopAll() {
  for (const process of running) kill(process, 'SIGKILL')
}

function kill({ child }, signal) {
  try {
    globalThis.process.kill(-child.pid, signal)
  } catch (error) {
    if (error.code !== 'ESRCH') throw error
  }
}

// The last lines of what it said.
export function tail(process, lines = 25) {
  return process.log.trimEnd().split('\n').slice(-lines).join('\n')
}

// Asks until `question` gives something true.
export async function until(question, { seconds = 30, what, process } = {}) {
  const end = Date.now() + seconds * 1000
  for (;;) {
    const answer = await question()
    if (answer) return answer
    if (process?.ended) throw new Error(`${process.name} ended before it was ready\n${tail(process)}`)
    if (Date.now() > end) {
      throw new Error(`waited ${seconds} s for ${what}${process ? `\n${tail(process)}` : ''}`)
    }
    await sleep(100)
  }
}
