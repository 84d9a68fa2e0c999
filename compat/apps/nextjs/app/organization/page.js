import { CreateOrganization, OrganizationSwitcher, Show } from '@clerk/nextjs'
import { auth } from '@clerk/nextjs/server'
import { Client } from '../client'
import { Shown } from './shown'

/** What the server knows of the organization; and what is for some of its members, drawn by the server and in the page. */
export default async function Page() {
  const { orgId, orgSlug, orgRole, orgPermissions, has } = await auth()
  const facts = {
    id: orgId,
    slug: orgSlug,
    role: orgRole,
    permissions: orgPermissions,
    administers: has({ role: 'org:admin' }),
    reads: has({ permission: 'org:invoices:read' }),
  }
  return (
    <main>
      <pre id="organization">{JSON.stringify(facts)}</pre>
      <Show when={{ role: 'org:admin' }}><p className="shown">the server: administers</p></Show>
      <Show when={{ permission: 'org:invoices:read' }}><p className="shown">the server: reads</p></Show>
      <Client />
      <Shown />
      <OrganizationSwitcher />
      {!orgId && <CreateOrganization routing="hash" />}
    </main>
  )
}
