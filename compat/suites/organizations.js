// Organizations: every method that @clerk/backend has for them, what its tokens say to `has`, and clerk-js with the
// components of @clerk/ui in a page.
import { verifyToken } from '@clerk/backend'
import { signedInAuthObject } from '@clerk/backend/internal'
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { development } from '../harness/deployments.js'
import { Groups } from '../harness/groups.js'
import { run } from '../harness/process.js'
import { binary, plainEnvironment } from '../harness/standin.js'
import { openWorlds } from '../harness/world.js'

export const name = 'organizations'

export async function main(apps) {
  const app = { ...apps.find(app => app.name === 'backend'), name: 'organizations', sdk: '@clerk/backend' }
  const { worlds: [world], close } = await openWorlds(development, [app])
  const groups = new Groups()
  try {
    if (!world) return
    for (const body of [methods, tokens, page]) await groups.run(world, body)
    await world.end()
    await groups.repeat()
  } finally {
    await close()
  }
}

let made = 0
const unique = () => `${process.pid}${made++}`

async function refused(call, code) {
  await assert.rejects(call, error => error.errors?.[0]?.code === code)
}

async function methods(world) {
  const { organizations, organizationRoles: roles, organizationPermissions: permissions, users, instance } = world.clerk
  const called = new Set()
  const noting = api => new Proxy(api, { get: (target, name) => (called.add(name), target[name].bind(target)) })
  await world.check('every method for organizations, roles and permissions does what it says', async () => {
    const n = unique()
    const [o, r, p] = [organizations, roles, permissions].map(noting)
    const ada = world.user.id
    const { id: bob } = await users.createUser({ emailAddress: [`bob-${n}@example.com`], firstName: 'Bob' })

    const { id, slug } = await o.createOrganization({ name: `Acme ${n}`, createdBy: ada, privateMetadata: { crm: 1 } })
    assert.equal((await o.getOrganization({ organizationId: id, includeMembersCount: true })).membersCount, 1)
    assert.equal((await o.getOrganization({ slug })).id, id)
    assert.equal((await o.getOrganizationList({ query: n, orderBy: '-created_at' })).totalCount, 1)
    assert.equal((await o.updateOrganization(id, { name: 'Acme', publicMetadata: { a: 1 } })).name, 'Acme')
    assert.deepEqual((await o.updateOrganizationMetadata(id, { publicMetadata: { b: 2 } })).publicMetadata, { a: 1, b: 2 })
    assert.deepEqual((await o.replaceOrganizationMetadata(id, { publicMetadata: { c: 3 } })).publicMetadata, { c: 3 })
    await refused(o.updateOrganizationLogo(id, { file: new Blob(['x']) }), 'unsupported_content_type')
    assert.equal((await o.deleteOrganizationLogo(id)).hasImage, false)

    const of = { organizationId: id, userId: bob }
    assert.equal((await o.createOrganizationMembership({ ...of, role: 'org:member' })).role, 'org:member')
    assert.equal((await o.getOrganizationMembershipList({ organizationId: id, role: ['org:member'], query: 'bob' })).totalCount, 1)
    assert.ok((await o.getInstanceOrganizationMembershipList({ orderBy: '-created_at' })).totalCount >= 2)
    assert.equal((await o.updateOrganizationMembership({ ...of, role: 'org:admin' })).role, 'org:admin')
    assert.deepEqual((await o.updateOrganizationMembershipMetadata({ ...of, publicMetadata: { t: 1 } })).publicMetadata, { t: 1 })
    assert.equal((await users.getOrganizationMembershipList({ userId: bob })).totalCount, 1)
    assert.equal((await users.getUserList({ organizationId: [id] })).totalCount, 2)

    const invite = { emailAddress: `i-${n}@example.com`, role: 'org:member' }
    const invitation = await o.createOrganizationInvitation({ organizationId: id, ...invite, inviterUserId: ada, expiresInDays: 3 })
    const invited = { organizationId: id, invitationId: invitation.id }
    assert.ok(invitation.url)
    await o.createOrganizationInvitationBulk(id, [{ ...invite, emailAddress: `j-${n}@example.com` }])
    assert.equal((await o.getOrganizationInvitationList({ organizationId: id, status: ['pending'] })).totalCount, 2)
    assert.equal((await o.getOrganizationInvitation(invited)).status, 'pending')
    assert.equal((await o.revokeOrganizationInvitation({ ...invited, requestingUserId: ada })).status, 'revoked')
    assert.equal((await users.getOrganizationInvitationList({ userId: bob })).totalCount, 0)

    assert.equal((await instance.updateOrganizationSettings({ domainsEnabled: true })).domainsEnabled, true)
    assert.equal((await instance.getOrganizationSettings()).creatorRole, 'org:admin')
    const domain = await o.createOrganizationDomain({ organizationId: id, name: `d${n}.example`, enrollmentMode: 'manual_invitation' })
    assert.equal((await o.getOrganizationDomainList({ organizationId: id })).totalCount, 1)
    assert.equal((await o.updateOrganizationDomain({ organizationId: id, domainId: domain.id, verified: false })).id, domain.id)
    assert.equal((await o.deleteOrganizationDomain({ organizationId: id, domainId: domain.id })).deleted, true)

    const permission = await p.createOrganizationPermission({ name: 'Read', key: `org:x${n}:read`, description: 'x' })
    assert.equal((await p.getOrganizationPermission(permission.id)).key, `org:x${n}:read`)
    assert.equal((await p.getOrganizationPermissionList({ query: `x${n}` })).totalCount, 1)
    assert.equal((await p.updateOrganizationPermission({ permissionId: permission.id, name: 'Look' })).name, 'Look')
    const role = await r.createOrganizationRole({ name: 'Clerk', key: `org:r${n}` })
    const held = { organizationRoleId: role.id, permissionId: permission.id }
    assert.equal((await r.assignPermissionToOrganizationRole(held)).permissions.length, 1)
    assert.equal((await r.removePermissionFromOrganizationRole(held)).permissions.length, 0)
    assert.equal((await r.getOrganizationRole(role.id)).key, `org:r${n}`)
    assert.equal((await r.getOrganizationRoleList({ query: `r${n}` })).totalCount, 1)
    assert.equal((await r.updateOrganizationRole({ organizationRoleId: role.id, description: 'd' })).description, 'd')
    assert.equal((await r.deleteOrganizationRole(role.id)).deleted, true)
    assert.equal((await p.deleteOrganizationPermission(permission.id)).deleted, true)

    assert.equal((await o.deleteOrganizationMembership(of)).publicUserData.userId, bob)
    assert.equal((await o.deleteOrganization(id)).deleted, true)
    await refused(o.getOrganization({ organizationId: id }), 'resource_not_found')

    const there = [organizations, roles, permissions].flatMap(api => Object.getOwnPropertyNames(Object.getPrototypeOf(api)))
    assert.deepEqual(there.filter(name => name !== 'constructor' && !called.has(name)), [])
  })
}

async function tokens(world) {
  await world.check('has, orgId, orgRole and orgPermissions agree with the role, for users and for agents', async () => {
    const n = unique()
    const { clerk, user } = world
    const { CLERK_API_URL: apiUrl, CLERK_SECRET_KEY: secretKey } = await world.standin.environment('express')
    const keys = [`org:invoices${n}:read`, `org:invoices${n}:create`, `org:reports${n}:read`]
    const ids = []
    for (const key of keys) ids.push((await clerk.organizationPermissions.createOrganizationPermission({ name: key, key })).id)
    const role = await clerk.organizationRoles.createOrganizationRole({ name: 'Clerk', key: `org:clerk${n}`, permissions: ids })
    const organization = await clerk.organizations.createOrganization({ name: `Tokens ${n}` })
    const of = { organizationId: organization.id, userId: user.id }
    await clerk.organizations.createOrganizationMembership({ ...of, role: role.key })
    const auth = async jwt => signedInAuthObject({}, jwt, await verifyToken(jwt, { secretKey, apiUrl }))

    const session = await clerk.sessions.createSession({ userId: user.id })
    const mine = async () => auth((await clerk.sessions.getToken(session.id)).jwt)
    const { url } = await world.task({ organizationId: organization.id })
    const visit = await (await fetch(url, { headers: { accept: 'application/json' } })).json()
    for (const who of [await mine(), await auth(visit.jwt), await auth(await byHand(world, organization))]) {
      assert.deepEqual([who.orgId, who.orgSlug, who.orgRole], [organization.id, organization.slug, role.key])
      assert.deepEqual([...who.orgPermissions].sort(), [...keys].sort())
      assert.ok(who.has({ role: role.key }) && !who.has({ role: 'org:admin' }))
      assert.ok(keys.every(permission => who.has({ permission })))
      assert.ok(!who.has({ permission: `org:reports${n}:create` }))
    }
    await clerk.organizations.deleteOrganizationMembership(of)
    assert.equal((await mine()).orgId, undefined)
  })
}

// The token that the command line leaves in a state, for a task in this organization.
async function byHand(world, organization) {
  const file = join(world.standin.folder, 'state.json')
  const options = ['--for', world.user.id, '--redirect', world.dashboard, '--organization', organization.id, '--storage-state', file]
  await run([binary, 'task', 'create', ...options], {
    name: 'standin task create',
    env: { ...plainEnvironment(), ...await world.standin.environment('express') },
  })
  const { cookies } = JSON.parse(await readFile(file, 'utf8'))
  return cookies.find(({ name }) => name === '__session').value
}

// A page with clerk-js and the components, and no server that knows who is signed in.
const document = (fapi, key) => `<!doctype html><meta charset="utf-8"><title>Organizations</title><div id="component"></div>
<script crossorigin="anonymous" src="${fapi}/npm/@clerk/ui@1/dist/ui.browser.js"></script>
<script crossorigin="anonymous" data-clerk-publishable-key="${key}" data-clerk-proxy-url="${fapi}"
  src="${fapi}/npm/@clerk/clerk-js@6/dist/clerk.browser.js"
  onload="Clerk.load({ telemetry: false, ui: { ClerkUI: window.__internal_ClerkUICtor } }).then(() => { window.ready = true })"></script>`

async function page(world) {
  const settings = await world.standin.environment('express')
  const { CLERK_PROXY_URL: fapi, CLERK_PUBLISHABLE_KEY: key } = settings
  // Of a server of its own: what the harness itself answered would not count as this machine's.
  const server = createServer((_, answer) => answer.setHeader('content-type', 'text/html').end(document(fapi, key)))
  await once(server.listen(0), 'listening')
  try {
    await inPages(world, fapi, `http://localhost:${server.address().port}/`)
  } finally {
    server.close()
    server.closeAllConnections()
  }
}

async function inPages(world, fapi, address) {
  // Somebody of their own, signed in without an agent, on the page.
  async function signedIn() {
    const n = unique()
    const { id: user } = await world.clerk.users.createUser({ emailAddress: [`page-${n}@example.com`], firstName: 'Ada' })
    const { id: other } = await world.clerk.users.createUser({ emailAddress: [`other-${n}@example.com`], firstName: 'Bob' })
    const context = await world.person()
    const page = await context.newPage()
    const open = async () => {
      const { token } = await world.clerk.signInTokens.createSignInToken({ userId: user, expiresInSeconds: 60 })
      await page.goto(`${fapi}/v1/tickets/accept?ticket=${token}&redirect_url=${encodeURIComponent(address)}`)
      await page.waitForFunction('window.ready')
    }
    return { n, user, other, page, open, close: () => context.close() }
  }

  const activeIs = (page, name) => page.waitForFunction(name => window.Clerk.organization?.name === name, name)

  await world.check('the OrganizationSwitcher lists the organizations, and the one that is chosen is in the token', async () => {
    const { n, user, other, page, open, close } = await signedIn()
    const { organizations } = world.clerk
    const first = await organizations.createOrganization({ name: `First ${n}`, createdBy: user })
    const second = await organizations.createOrganization({ name: `Second ${n}`, createdBy: other })
    await organizations.createOrganizationMembership({ organizationId: second.id, userId: user, role: 'org:member' })
    await open()
    await activeIs(page, second.name)
    await page.evaluate(() => window.Clerk.mountOrganizationSwitcher(window.document.getElementById('component')))
    await page.locator('.cl-organizationSwitcherTrigger', { hasText: second.name }).click()
    await page.locator('.cl-organizationSwitcherPreviewButton', { hasText: first.name }).click()
    await activeIs(page, first.name)
    const token = await page.evaluate(() => window.Clerk.session.getToken())
    assert.equal(JSON.parse(Buffer.from(token.split('.')[1], 'base64url')).o.id, first.id)
    const may = params => page.evaluate(params => window.Clerk.session.checkAuthorization(params), params)
    assert.equal(await may({ permission: 'org:sys_memberships:manage' }), true)
    await page.evaluate(slug => window.Clerk.setActive({ organization: slug }), second.slug)
    await activeIs(page, second.name)
    assert.equal(await may({ permission: 'org:sys_memberships:manage' }), false)
    await close()
  })

  await world.check('CreateOrganization makes one, and OrganizationProfile shows its members and invites', async () => {
    const { n, page, open, close } = await signedIn()
    await open()
    const mount = name => page.evaluate(name => {
      const place = window.document.getElementById('component')
      place.replaceChildren(window.document.createElement('div'))
      window.Clerk[`mount${name}`](place.firstChild)
    }, name)
    await mount('CreateOrganization')
    await page.locator('input[name=name]').fill(`Made ${n}`)
    await page.getByRole('button', { name: /create organization/i }).click()
    await activeIs(page, `Made ${n}`)
    await page.evaluate(n => window.Clerk.organization.inviteMember({ emailAddress: `new-${n}@example.com`, role: 'org:member' }), n)
    // The form has asked for invitations and keeps the answer.
    await page.reload()
    await page.waitForFunction('window.ready')
    await mount('OrganizationProfile')
    await page.getByText('Members', { exact: true }).first().click()
    await page.getByText(`page-${n}@example.com`).first().waitFor()
    await page.getByRole('tab', { name: /Invitations/ }).click()
    await page.getByText(`new-${n}@example.com`.slice(0, 8)).first().waitFor()
    await close()
  })

  await world.check('what clerk-js offers of an organization does what it says', async () => {
    const { n, other, page, open, close } = await signedIn()
    await open()
    const told = await page.evaluate(async ([other, n]) => {
      const { Clerk } = window
      const made = await Clerk.createOrganization({ name: `Mine ${n}` })
      await Clerk.setActive({ organization: made.id })
      const { organization } = Clerk
      const told = [
        (await organization.getRoles()).data.some(role => role.key === 'org:admin'),
        (await organization.addMember({ userId: other, role: 'org:member' })).role,
        (await organization.getMemberships({ role: ['org:member'], query: 'bob' })).total_count,
        (await organization.updateMember({ userId: other, role: 'org:admin' })).role,
        (await organization.removeMember(other)).publicUserData.userId === other,
        (await organization.inviteMembers({ emailAddresses: [`y${n}@example.com`, `z${n}@example.com`], role: 'org:member' })).length,
        (await (await organization.getInvitations({ status: ['pending'] })).data[0].revoke()).status,
        (await organization.getMembershipRequests()).total_count,
        (await organization.update({ name: 'Renamed' })).name,
        (await organization.reload()).name,
        (await Clerk.user.getOrganizationSuggestions()).total_count,
        (await Clerk.user.getOrganizationMemberships()).data.length,
      ]
      await organization.destroy()
      await Clerk.setActive({ organization: null })
      return [...told, Clerk.organization]
    }, [other, n])
    assert.deepEqual(told, [true, 'org:member', 1, 'org:admin', true, 2, 'revoked', 0, 'Renamed', 'Renamed', 0, 1, null])
    await close()
  })

  await world.check('an invitation is accepted in the page of who is invited, who can leave again', async () => {
    const { n, other, page, open, close } = await signedIn()
    const organization = await world.clerk.organizations.createOrganization({ name: `Inviting ${n}`, createdBy: other })
    const invite = { organizationId: organization.id, emailAddress: `page-${n}@example.com`, role: 'org:member' }
    await world.clerk.organizations.createOrganizationInvitation(invite)
    await open()
    const told = await page.evaluate(async id => {
      const { user } = window.Clerk
      const status = (await (await user.getOrganizationInvitations({ status: ['pending'] })).data[0].accept()).status
      await window.Clerk.setActive({ organization: id })
      const { name } = window.Clerk.organization
      await user.leaveOrganization(id)
      await window.Clerk.session.reload()
      return [status, name, window.Clerk.organization]
    }, organization.id)
    assert.deepEqual(told, ['accepted', organization.name, null])
    await close()
  })
}
