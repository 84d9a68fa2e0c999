import { auth, clerkClient } from '@clerk/nextjs/server'
import { NextResponse } from 'next/server'

export async function GET() {
  const { orgId } = await auth.protect({ permission: 'org:invoices:read' })
  const client = await clerkClient()
  const { name } = await client.organizations.getOrganization({ organizationId: orgId })
  return NextResponse.json({ title: `Invoices of ${name}` })
}
