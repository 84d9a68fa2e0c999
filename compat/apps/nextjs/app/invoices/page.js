import { auth, clerkClient } from '@clerk/nextjs/server'

export default async function Page() {
  const { orgId } = await auth.protect({ permission: 'org:invoices:read' })
  const client = await clerkClient()
  const { name } = await client.organizations.getOrganization({ organizationId: orgId })
  return <h1>{`Invoices of ${name}`}</h1>
}
