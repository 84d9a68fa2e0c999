// Nothing but node:http and @clerk/backend: what every other SDK does for its framework, spelt out.
import { createServer } from 'node:http'
import { createClerkClient } from '@clerk/backend'
import { dashboard } from '../dashboard.js'
import { form } from '../form.js'

const { APP_ORIGIN, HOST, PORT } = process.env

const clerkClient = createClerkClient({
  apiUrl: process.env.CLERK_API_URL,
  secretKey: process.env.CLERK_SECRET_KEY,
  publishableKey: process.env.CLERK_PUBLISHABLE_KEY,
  proxyUrl: process.env.CLERK_PROXY_URL,
  telemetry: { disabled: true },
})

async function createAgentTask(request) {
  const { isAuthenticated, userId } = request.auth
  if (!isAuthenticated) return Response.json({ error: 'Unauthorized' }, { status: 401 })

  const agentTask = await clerkClient.agentTasks.create({
    onBehalfOf: { userId },
    permissions: '*',
    agentName: 'my-agent',
    taskDescription: 'Automated test login',
    redirectUrl: `${APP_ORIGIN}/dashboard`,
  })
  return Response.json({ message: 'Agent Task created', agentTask })
}

function page(request) {
  const { userId, sessionId, sessionClaims } = request.auth
  const html = dashboard({ userId, sessionId, agentId: sessionClaims?.act?.sub })
  return written(html)
}

const written = html => new Response(html, { headers: { 'content-type': 'text/html; charset=utf-8' } })

async function answer(request) {
  const state = await clerkClient.authenticateRequest(request, { authorizedParties: [APP_ORIGIN] })
  if (state.headers.get('location')) return new Response(null, { status: 307, headers: state.headers })

  request.auth = state.toAuth()
  const { pathname } = new URL(request.url)
  let response = new Response('Not found', { status: 404 })
  if (request.method === 'GET' && pathname === '/dashboard') response = page(request)
  if (request.method === 'GET' && pathname.startsWith('/form/')) response = written(form)
  if (request.method === 'POST' && pathname === '/api/example') response = await createAgentTask(request)
  for (const [name, value] of state.headers) response.headers.append(name, value)
  return response
}

createServer(async (incoming, outgoing) => {
  const request = new Request(new URL(incoming.url, APP_ORIGIN), {
    method: incoming.method,
    headers: incoming.headers,
  })
  try {
    const response = await answer(request)
    outgoing.writeHead(response.status, [...response.headers].flat())
    outgoing.end(await response.text())
  } catch (error) {
    console.error(error)
    outgoing.writeHead(500).end()
  }
}).listen(PORT, HOST)
