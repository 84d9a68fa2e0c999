// Makes docs/recording.svg, from two commands to a page that is signed in: node compat/recording.js DIST
// DIST is what scripts/release made. The commands, what they print and the pages are of one run; its waits are not shown.
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { launch } from './harness/browser.js'
import { run, start, stop, stopAll, until } from './harness/process.js'
import { plainEnvironment } from './harness/standin.js'

const APP = 'http://localhost:3000/'
const DEV = 'npx standin dev -- node server.mjs'
const TASK = `npx standin task create --for ada@example.com --redirect ${APP}`
const APPLICATION = `
import { clerkClient, clerkMiddleware, getAuth } from '@clerk/express'
import express from 'express'

express().use(clerkMiddleware()).get('/', async (request, response) => {
  const { userId } = getAuth(request)
  const user = userId && await clerkClient.users.getUser(userId)
  response.send('<!doctype html><style>body { font: 18px sans-serif; margin: 24px; color: #223 }</style>' + (user
    ? \`<h1>Hello, \${user.firstName}!</h1>Signed in as \${user.primaryEmailAddress.emailAddress}\`
    : '<h1>Hello, stranger!</h1>Nobody is signed in'))
}).listen(3000)
`
const [WIDTH, LINE, SECONDS] = [900, 19, 18]
const PAGE = { width: WIDTH - 2, height: 150 }

// In a folder below this one, so that the application finds its packages.
async function recorded(dist) {
  const cwd = await mkdtemp(join(import.meta.dirname, 'recording-'))
  const options = { cwd, name: 'the recording', env: { ...plainEnvironment(), CLICOLOR_FORCE: '1' } }
  const browser = await launch()
  try {
    const packages = (await readdir(dist)).filter(name => name.endsWith('.tgz')).map(name => join(resolve(dist), name))
    await writeFile(join(cwd, 'package.json'), '{}')
    await run(['npm', 'install', '--offline', '--no-audit', ...packages], options)
    await writeFile(join(cwd, 'server.mjs'), APPLICATION)

    const server = start(DEV.split(' '), options)
    const page = await browser.newPage({ viewport: PAGE, deviceScaleFactor: 1.5 })
    await until(() => page.goto(APP).catch(() => false), { what: 'the application', process: server })
    const [banner, before] = [server.log, await page.screenshot()]
    const task = start(TASK.split(' '), options)
    await task.closed
    const link = task.stdout.trim()
    await page.goto(link)
    const after = await page.screenshot()
    await stop(server)
    return { banner, task: task.log, link, arrived: page.url(), before, after }
  } finally {
    await browser.close()
    stopAll()
    await rm(cwd, { recursive: true })
  }
}

const escaped = text => text.replace(/[&<>]/g, each => `&#${each.charCodeAt()};`)

// What a terminal shows, as text with a class for each of the styles that are on.
function styled(line) {
  let on = []
  return line.split(/(\x1b\[[\d;]*m)/).map(part => {
    const code = part.match(/^\x1b\[([\d;]*)m$/)?.[1]
    if (code === undefined) return on.length ? `<tspan class="${on.join(' ')}">${escaped(part)}</tspan>` : escaped(part)
    on = ['', '0'].includes(code) ? [] : [...on, `s${code}`]
    return ''
  }).join('')
}

const lines = text => text.replace(/^\n+|\s+$/g, '').split('\n')
const text = (x, y, content, attributes = '') => `<text x="${x}" y="${y}" ${attributes}>${content}</text>`
const percent = seconds => `${(seconds / SECONDS * 100).toFixed(2)}%`

// What is there from one second on, to another or to the end.
function from(begin, content, end = SECONDS - 0.6) {
  const name = `from${begin * 10}`
  return `<style>@keyframes ${name} { 0%, ${percent(begin)} { opacity: 0 } ${percent(begin + 0.1)}, ${percent(end)} { opacity: 1 }
    ${percent(end + 0.1)}, 100% { opacity: 0 } } .${name} { animation: ${name} ${SECONDS}s infinite }</style><g class="${name}">${content}</g>`
}

// A command that is typed: what is not there yet is covered. A picture that does not move has all of it.
function typed(y, command, begin, end) {
  const name = `type${y}`
  return `${from(begin - 0.5, text(20, y, `<tspan class="s32">$</tspan> ${escaped(command)}`))}
    <style>@keyframes ${name} { 0%, ${percent(begin)} { transform: none; animation-timing-function: steps(${command.length}) }
    ${percent(end)}, 100% { transform: translateX(${WIDTH}px) } }
    .${name} { transform: translateX(${WIDTH}px); animation: ${name} ${SECONDS}s infinite }</style>
    <rect class="screen ${name}" x="36" y="${y - 14}" width="${WIDTH}" height="${LINE}"/>`
}

function output(y, content) {
  return lines(content).map((line, at) => text(20, y + at * LINE, styled(line))).join('\n')
}

function picture({ banner, task, link, arrived, before, after }) {
  const second = 44 + (lines(banner).length + 2) * LINE
  const top = second + (lines(task).length + 1) * LINE
  const [bar, view] = [top + 30, top + 44]
  const image = png => `<image x="1" y="${view}" width="${PAGE.width}" height="${PAGE.height}" href="data:image/png;base64,${png.toString('base64')}"/>`
  const at = address => text(64, bar, escaped(address), 'class="address"')
  const height = view + PAGE.height + 1
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">
<title>Two commands: a server with an application inside of it, and a link. Opened in a browser, the application says Hello, Ada!</title>
<style>
  text { font: 12.5px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; white-space: pre; fill: #d8dee9 }
  .screen { fill: #161b22 } .window { fill: #fff } .chrome { fill: #e6e9ee } .field { fill: #fff } .frame { fill: none; stroke: #8b949e }
  .address { fill: #223 } .s1 { font-weight: bold } .s2 { fill: #8b949e } .s32 { fill: #7ee787 } .s33 { fill: #e3b341 } .s31 { fill: #ff7b72 }
  @media (prefers-reduced-motion: reduce) { * { animation: none !important } }
</style>
<clipPath id="edge"><rect width="${WIDTH}" height="${height}" rx="8"/></clipPath>
<g clip-path="url(#edge)">
<rect class="screen" width="${WIDTH}" height="${height}"/>
${typed(30, DEV, 1, 2.5)}
${from(3, output(30 + 1.5 * LINE, banner))}
${typed(second, TASK, 7, 9.5)}
${from(10, output(second + LINE, task))}
<rect class="window" y="${top}" width="${WIDTH}" height="${height - top}"/>
<rect class="chrome" y="${top}" width="${WIDTH}" height="44"/>
<rect class="field" x="52" y="${top + 10}" width="${WIDTH - 72}" height="28" rx="14"/>
${text(24, bar, '⟳', 'class="address"')}
${from(4, at(APP) + image(before), 11.4)}
${from(11.5, at(link), 12.9)}
${from(13, at(arrived) + image(after))}
</g>
<rect class="frame" x=".5" y=".5" width="${WIDTH - 1}" height="${height - 1}" rx="8"/>
</svg>
`
}

await writeFile(join(import.meta.dirname, '../docs/recording.svg'), picture(await recorded(process.argv[2])))
