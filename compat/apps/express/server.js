import { clerkClient, clerkMiddleware, getAuth } from '@clerk/express'
import express from 'express'
import { dashboard } from '../dashboard.js'

const { APP_ORIGIN, HOST, PORT } = process.env
const app = express()

// The keys, the addresses and the switch for telemetry are in the environment; the SDK reads them there.
// With CLERK_FAPI_URL it also passes the Frontend API on, under /__clerk.
app.use(clerkMiddleware({
  authorizedParties: [APP_ORIGIN],
  frontendApiProxy: { enabled: Boolean(process.env.CLERK_FAPI_URL) },
}))

app.get('/dashboard', (req, res) => {
  const { userId, sessionId, sessionClaims } = getAuth(req)
  res.send(dashboard({ userId, sessionId, agentId: sessionClaims?.act?.sub }))
})

app.get('/organization', (req, res) => {
  const { userId, orgId, orgSlug, orgRole, orgPermissions, has } = getAuth(req)
  res.send(dashboard({
    userId,
    organization: {
      id: orgId,
      slug: orgSlug,
      role: orgRole,
      permissions: orgPermissions,
      administers: has({ role: 'org:admin' }),
      reads: has({ permission: 'org:invoices:read' }),
    },
  }))
})

// Lets pass who has what is required in the active organization.
const requires = required => (req, res, next) => {
  const { isAuthenticated, has } = getAuth(req)
  if (!isAuthenticated) return res.status(401).send('Unauthorized')
  if (!has(required)) return res.status(403).send('Forbidden')
  next()
}

app.get('/invoices', requires({ permission: 'org:invoices:read' }), async (req, res) => {
  const { name } = await clerkClient.organizations.getOrganization({ organizationId: getAuth(req).orgId })
  res.send(`Invoices of ${name}`)
})

app.get('/settings', requires({ role: 'org:admin' }), (req, res) => {
  res.send('Settings')
})

app.post('/api/example', async (req, res) => {
  const { isAuthenticated, userId } = getAuth(req)
  if (!isAuthenticated) return res.status(401).json({ error: 'Unauthorized' })

  const agentTask = await clerkClient.agentTasks.create({
    onBehalfOf: { userId },
    permissions: '*',
    agentName: 'my-agent',
    taskDescription: 'Automated test login',
    redirectUrl: `${APP_ORIGIN}/dashboard`,
  })
  res.status(200).json({ message: 'Agent Task created', agentTask })
})

app.listen(PORT, HOST)
