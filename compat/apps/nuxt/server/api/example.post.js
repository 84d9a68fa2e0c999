import { clerkClient } from '@clerk/nuxt/server'

export default defineEventHandler(async (event) => {
  const { isAuthenticated, userId } = event.context.auth()
  if (!isAuthenticated) {
    return createError({ statusCode: 401, statusMessage: 'Unauthorized' })
  }

  const agentTask = await clerkClient(event).agentTasks.create({
    onBehalfOf: { userId },
    permissions: '*',
    agentName: 'my-agent',
    taskDescription: 'Automated test login',
    redirectUrl: new URL('/dashboard', process.env.APP_ORIGIN ?? getRequestURL(event)).href,
  })
  return { message: 'Agent Task created', agentTask }
})
