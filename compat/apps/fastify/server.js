import { clerkClient, clerkPlugin, getAuth } from '@clerk/fastify'
import Fastify from 'fastify'
import { dashboard } from '../dashboard.js'

const { APP_ORIGIN, HOST, PORT } = process.env
const fastify = Fastify()

// Unlike its siblings, the plugin does not read these two addresses from the environment.
fastify.register(clerkPlugin, {
  apiUrl: process.env.CLERK_API_URL,
  proxyUrl: process.env.CLERK_PROXY_URL,
  authorizedParties: [APP_ORIGIN],
  // Passes the Frontend API on, under /__clerk.
  frontendApiProxy: { enabled: Boolean(process.env.CLERK_FAPI_URL) },
})

fastify.get('/dashboard', (req, reply) => {
  const { userId, sessionId, sessionClaims } = getAuth(req)
  reply.type('text/html').send(dashboard({ userId, sessionId, agentId: sessionClaims?.act?.sub }))
})

fastify.post('/api/example', async (req, reply) => {
  const { isAuthenticated, userId } = getAuth(req)
  if (!isAuthenticated) return reply.status(401).send({ error: 'Unauthorized' })

  const agentTask = await clerkClient.agentTasks.create({
    onBehalfOf: { userId },
    permissions: '*',
    agentName: 'my-agent',
    taskDescription: 'Automated test login',
    redirectUrl: `${APP_ORIGIN}/dashboard`,
  })
  return reply.status(200).send({ message: 'Agent Task created', agentTask })
})

await fastify.listen({ port: PORT, host: HOST })
