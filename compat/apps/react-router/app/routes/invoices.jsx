import { clerkClient } from '@clerk/react-router/server'
import { requires } from '../requires.js'

export async function loader(args) {
  const { orgId } = await requires(args, { permission: 'org:invoices:read' })
  const { name } = await clerkClient(args).organizations.getOrganization({ organizationId: orgId })
  return { name }
}

export default function Page({ loaderData }) {
  return <h1>{`Invoices of ${loaderData.name}`}</h1>
}
