import { clerkClient } from '@clerk/astro/server'

export const POST = async (context) => {
  const { isAuthenticated, userId } = context.locals.auth()
  if (!isAuthenticated) {
    return new Response('Unauthorized', { status: 401 })
  }

  const agentTask = await clerkClient(context).agentTasks.create({
    onBehalfOf: { userId },
    permissions: '*',
    agentName: 'my-agent',
    taskDescription: 'Automated test login',
    redirectUrl: new URL('/dashboard', process.env.APP_ORIGIN ?? context.url).href,
  })
  return Response.json({ message: 'Agent Task created', agentTask })
}
