import { auth, clerkClient } from '@clerk/nextjs/server'
import { NextResponse } from 'next/server'

export async function POST(request) {
  const { isAuthenticated, userId } = await auth()
  if (!isAuthenticated) {
    return new NextResponse('Unauthorized', { status: 401 })
  }

  const client = await clerkClient()
  const agentTask = await client.agentTasks.create({
    onBehalfOf: { userId },
    permissions: '*',
    agentName: 'my-agent',
    taskDescription: 'Automated test login',
    redirectUrl: new URL('/dashboard', process.env.APP_ORIGIN ?? request.url).href,
  })
  return NextResponse.json({ message: 'Agent Task created', agentTask })
}
