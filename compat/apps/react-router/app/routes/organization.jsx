import { CreateOrganization, OrganizationSwitcher, Show, useAuth } from '@clerk/react-router'
import { getAuth } from '@clerk/react-router/server'
import { Client } from '../client.jsx'

/** What the server knows of the organization. */
export async function loader(args) {
  const { orgId, orgSlug, orgRole, orgPermissions, has } = await getAuth(args)
  return {
    id: orgId,
    slug: orgSlug,
    role: orgRole,
    permissions: orgPermissions,
    administers: has({ role: 'org:admin' }),
    reads: has({ permission: 'org:invoices:read' }),
  }
}

export default function Page({ loaderData }) {
  return (
    <main>
      <pre id="organization">{JSON.stringify(loaderData)}</pre>
      <Client />
      <Shown />
      <OrganizationSwitcher />
      {!loaderData.id && <CreateOrganization routing="hash" />}
    </main>
  )
}

/** What is for some of its members, as clerk-js in the page sees it. */
function Shown() {
  const { has } = useAuth()
  return (
    <>
      <Show when={{ role: 'org:admin' }}><p className="shown">the page: administers</p></Show>
      <Show when={{ permission: 'org:invoices:read' }}><p className="shown">the page: reads</p></Show>
      {has?.({ role: 'org:admin' }) && <p className="shown">useAuth: administers</p>}
      {has?.({ permission: 'org:invoices:read' }) && <p className="shown">useAuth: reads</p>}
    </>
  )
}
