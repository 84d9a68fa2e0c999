import { clerkMiddleware, getAuth } from '@clerk/express'
import express from 'express'
import { dashboard } from '../dashboard.js'

const { APP_ORIGIN, CLERK_API_URL, CLERK_SECRET_KEY, HOST, PORT } = process.env
const app = express()

app.use(clerkMiddleware({ authorizedParties: [APP_ORIGIN] }))

app.get('/dashboard', (req, res) => {
  const { userId, sessionId, sessionClaims } = getAuth(req)
  res.send(dashboard({ userId, sessionId, agentId: sessionClaims?.act?.sub }))
})

// This SDK has no method for agent tasks yet; the call is an ordinary one.
app.post('/api/example', async (req, res) => {
  const { userId } = getAuth(req)
  if (!userId) return res.status(401).json({ error: 'Unauthorized' })

  const answer = await fetch(`${CLERK_API_URL}/v1/agents/tasks`, {
    method: 'POST',
    headers: { authorization: `Bearer ${CLERK_SECRET_KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      on_behalf_of: { user_id: userId },
      permissions: '*',
      agent_name: 'my-agent',
      task_description: 'Automated test login',
      redirect_url: `${APP_ORIGIN}/dashboard`,
    }),
  })
  const { agent_id: agentId, url } = await answer.json()
  res.status(answer.status).json({ message: 'Agent Task created', agentTask: { agentId, url } })
})

app.listen(PORT, HOST)
