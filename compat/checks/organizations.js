// Organizations as an app sees them: who may what, by role and by permission, on the server and in the page. There are two
// organizations, the same three people in both, and three roles, of which `org:billing` is made for this: it alone reads invoices.
import assert from 'node:assert/strict'
import { drawn, loadedAs, visit } from '../harness/browser.js'

const ROLES = ['org:admin', 'org:billing', 'org:member']
const READS = 'org:invoices:read'

export async function organizations(world) {
  const { clerk, app } = world
  const { first, second, people } = await founded(world)
  const [ada, bob, carol] = people

  await world.check('a task for an organization opens the page in it, and the server knows which of three roles that is', async () => {
    for (const person of people) {
      person.page = await invited(world, person, first)
      await serves(person.page, first, person.role)
    }
  })
  await world.check('what takes a role or a permission is for nobody else, and not for strangers', async () => {
    for (const { page, role } of people) await guards(world, page, first, role)
    const { page } = await visit(await world.person(), world.dashboard)
    const { stranger = 401 } = app.organizations
    for (const path of ['/settings', ...invoices(app)]) {
      const { status, landed } = await asks(page, path)
      assert.ok(status === stranger || landed === '/sign-in', `${path}: ${status} ${landed}`)
    }
    await page.context().close()
  })
  if (app.organizations.draws) {
    await world.check('what is for a role or a permission is drawn for those who have it', async () => {
      for (const { page, role } of people) await draws(app, page, role)
    })
    await world.check('who makes an organization in the page administers it, as the server sees it', async () => {
      const dora = await clerk.users.createUser({ emailAddress: [`${unique('dora')}@example.com`] })
      const name = unique('Initech')
      const page = await byThemselves(world, dora)
      await serves(page)
      await (await drawn(page, 'input[name=name]')).fill(name)
      await page.getByRole('button', { name: /create organization/i }).click()
      await page.waitForFunction(name => window.Clerk.organization?.name === name, name)
      await settled(app, page)
      const { data: [{ organization, role }] } = await clerk.users.getOrganizationMembershipList({ userId: dora.id })
      assert.deepEqual([organization.createdBy, role], [dora.id, 'org:admin'])
      await serves(page, organization, role)
      await page.context().close()
    })
  }
  await world.check('the page switches the organization, and the server sees the other one with the role there', async () => {
    await switches(app, ada.page, second)
    await serves(ada.page, second, 'org:billing')
    await guards(world, ada.page, second, 'org:billing')
  })
  await world.check('a member with another role has it in the next token', async () => {
    await clerk.organizations.updateOrganizationMembership({ organizationId: first.id, userId: carol.id, role: 'org:billing' })
    await refreshed(carol.page)
    await serves(carol.page, first, 'org:billing')
  })
  await world.check('a member who was removed has lost the permission in the next token', async () => {
    await clerk.organizations.deleteOrganizationMembership({ organizationId: first.id, userId: bob.id })
    await refreshed(bob.page)
    await serves(bob.page)
    await guards(world, bob.page)
  })
  await world.check('an organization that was deleted is gone from the next token and from the page', async () => {
    await clerk.organizations.deleteOrganization(first.id)
    await refreshed(carol.page)
    await serves(carol.page)
    await loadedAs(carol.page, carol.id)
    const left = await carol.page.evaluate(async () => (await window.Clerk.user.getOrganizationMemberships()).data)
    assert.deepEqual(left.map(({ organization }) => organization.id), [second.id])
  })
  for (const { page } of people) await page?.context().close()
}

let made = 0
const unique = name => `${name}-${process.pid}-${made++}`

// Each of the people has another role in each organization.
async function founded(world) {
  await roles(world.standin)
  const { organizations, users } = world.clerk
  const people = await Promise.all(['ada', 'bob', 'carol'].map(async (name, index) => {
    const { id } = await users.createUser({ emailAddress: [`${unique(name)}@example.com`], firstName: name })
    return { id, role: ROLES[index] }
  }))
  const found = async (name, moved) => {
    const { id, slug } = await organizations.createOrganization({ name })
    for (const [index, { id: userId }] of people.entries()) {
      const role = ROLES[(index + moved) % ROLES.length]
      await organizations.createOrganizationMembership({ organizationId: id, userId, role })
    }
    return { id, slug, name }
  }
  return { people, first: await found(`Acme of ${world.app.name}`, 0), second: await found(`Globex of ${world.app.name}`, 1) }
}

// The role that is no instance's from the beginning: once for each server, which apps may share.
const prepared = new WeakMap()

function roles(standin) {
  const make = async ({ organizationPermissions, organizationRoles }) => {
    const { id } = await organizationPermissions.createOrganizationPermission({ name: 'Read invoices', key: READS })
    await organizationRoles.createOrganizationRole({ name: 'Billing', key: 'org:billing', permissions: [id] })
  }
  if (!prepared.has(standin)) prepared.set(standin, make(standin.clerk))
  return prepared.get(standin)
}

// The page about organizations, opened by a task for this person.
async function invited(world, person, organization) {
  const task = await world.task({
    onBehalfOf: { userId: person.id },
    redirectUrl: `${world.opened.origin}/organization`,
    organizationId: organization?.id,
  })
  const { page } = await visit(await world.person(), task.url)
  await loadedAs(page, person.id)
  return page
}

// The same page, for who comes without an agent: those make no organizations.
async function byThemselves(world, person) {
  const { token } = await world.clerk.signInTokens.createSignInToken({ userId: person.id, expiresInSeconds: 60 })
  const query = new URLSearchParams({ ticket: token, redirect_url: `${world.opened.origin}/organization` })
  const { page } = await visit(await world.person(), `${world.standin.publicUrl}/v1/tickets/accept?${query}`)
  await loadedAs(page, person.id)
  return page
}

// Whether the server wrote into the page that this is the organization and the role, and what it permits.
async function serves(page, organization, role) {
  const { id, slug, role: served, permissions, administers, reads } = JSON.parse(await page.locator('#organization').textContent())
  const billing = role === 'org:billing'
  assert.deepEqual(
    [id ?? undefined, slug ?? undefined, served ?? undefined, permissions ?? [], administers, reads],
    [organization?.id, organization?.slug, role, billing ? [READS] : [], role === 'org:admin', billing],
  )
}

const invoices = app => app.organizations.invoices ?? ['/invoices']

// Whether the pages that take a role and a permission are answered to who has them, and refused to who has not.
async function guards(world, page, organization, role) {
  const { refused = 403 } = world.app.organizations
  assert.equal((await asks(page, '/settings')).status, role === 'org:admin' ? 200 : refused)
  for (const path of invoices(world.app)) {
    const { status, text } = await asks(page, path)
    assert.equal(status, role === 'org:billing' ? 200 : refused, path)
    if (status === 200) assert.ok(text.includes(`Invoices of ${organization.name}`), path)
  }
}

function asks(page, path) {
  return page.evaluate(async path => {
    const answer = await fetch(path)
    return { status: answer.status, landed: new URL(answer.url).pathname, text: await answer.text() }
  }, path)
}

async function draws(app, page, role) {
  const what = { 'org:admin': ['administers'], 'org:billing': ['reads'], 'org:member': [] }[role]
  const expected = app.organizations.draws.flatMap(who => what.map(what => `${who}: ${what}`))
  assert.deepEqual(await page.locator('.shown').allTextContents(), expected)
}

// By the app's switcher, where it has one.
async function switches(app, page, { id, name }) {
  if (app.organizations.draws) {
    await (await drawn(page, '.cl-organizationSwitcherTrigger')).click()
    await page.locator('.cl-organizationSwitcherPreviewButton', { hasText: name }).click()
  } else {
    await page.evaluate(organization => window.Clerk.setActive({ organization }), id)
  }
  await page.waitForFunction(id => window.Clerk.organization?.id === id, id)
  await settled(app, page)
}

// Until what the server wrote is of now. Next.js asks it again by itself.
async function settled(app, page) {
  if (!app.organizations.refreshes) return page.reload()
  const id = await page.evaluate(() => window.Clerk.organization.id)
  await page.locator('#organization', { hasText: id }).waitFor()
}

async function refreshed(page) {
  await page.evaluate(() => window.Clerk.session.getToken({ skipCache: true }))
  await page.reload()
}
