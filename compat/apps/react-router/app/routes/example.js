import { clerkClient, getAuth } from '@clerk/react-router/server'

export async function action(args) {
  const { isAuthenticated, userId } = await getAuth(args)
  if (!isAuthenticated) {
    return Response.json({ error: 'Unauthorized' }, { status: 401 })
  }

  const agentTask = await clerkClient(args).agentTasks.create({
    onBehalfOf: { userId },
    permissions: '*',
    agentName: 'my-agent',
    taskDescription: 'Automated test login',
    redirectUrl: new URL('/dashboard', process.env.APP_ORIGIN ?? args.request.url).href,
  })
  return Response.json({ message: 'Agent Task created', agentTask })
}
