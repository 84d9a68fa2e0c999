// People in a browser: the forms that @clerk/ui draws, and what @clerk/testing does in their place. Nobody needs a link here.
import assert from 'node:assert/strict'
import { clerk, clerkSetup } from '@clerk/testing/playwright'
import { loadedAs, served, visit } from '../harness/browser.js'
import { development, loopback } from '../harness/deployments.js'
import { withEnvironment } from '../harness/environment.js'
import { Groups } from '../harness/groups.js'
import { openWorlds } from '../harness/world.js'

export const name = 'people'

const PASSWORD = 'correct horse battery staple'
const CODE = '424242'

export async function main(apps) {
  const app = { ...apps.find(app => app.name === 'backend'), name: 'people', sdk: '@clerk/ui' }
  await inDeployment(development, app, [helpers, byAddress, signIn, signUp, invited, profile, verification])
  await inDeployment(loopback, app, [inProduction])
}

async function inDeployment(deployment, app, bodies) {
  const { worlds: [world], close } = await openWorlds(deployment, [app])
  const groups = new Groups()
  try {
    if (!world) return
    const settings = { ...await world.standin.environment('express'), DOTENV_CONFIG_QUIET: 'true' }
    await withEnvironment(settings, async () => {
      await clerkSetup({ dotenv: false })
      for (const body of bodies) await groups.run(world, body)
      await world.end()
      await groups.repeat()
    })
    await world.check('no page asked for anything outside of this machine', () => world.staysHere())
  } finally {
    await close()
  }
}

let count = 0

// Somebody with a test address, a test number and a password.
async function somebody(world) {
  count += 1
  const email = `grace${count}+clerk_test@example.com`
  const phone = `+12015550${100 + count}`
  const user = await world.clerk.users.createUser({
    emailAddress: [email], phoneNumber: [phone], password: PASSWORD, firstName: 'Grace',
  })
  return { email, phone, id: user.id }
}

async function helpers(world) {
  const ways = {
    password: ({ email }) => ({ strategy: 'password', identifier: email, password: PASSWORD }),
    email_code: ({ email }) => ({ strategy: 'email_code', identifier: email }),
    phone_code: ({ phone }) => ({ strategy: 'phone_code', identifier: phone }),
  }
  for (const [strategy, signInParams] of Object.entries(ways)) {
    await world.check(`clerk.signIn by ${strategy} signs an open page in, clerk.signOut out again`, async () => {
      const grace = await somebody(world)
      const { page } = await visit(await world.person(), world.dashboard)
      await loadedAs(page, '')
      await clerk.signIn({ page, signInParams: signInParams(grace) })
      await loadedAs(page, grace.id)
      await page.reload()
      assert.equal((await served(page)).user, grace.id)
      await clerk.signOut({ page, signOutOptions: { redirectUrl: `${world.dashboard}#done` } })
      await loadedAs(page, '')
      await page.goto(world.dashboard)
      assert.equal((await served(page)).user, '')
      await page.context().close()
    })
  }
}

// This helper takes no address of a Backend API and asks Clerk's. What it asks there is led here; @clerk/backend looks for a
// fetch that was put in the place of Node's where NODE_ENV says that this is a test.
async function byAddress(world) {
  await world.check('clerk.signIn by an e-mail address signs an open page in, its calls of api.clerk.com led here', async () => {
    const grace = await somebody(world)
    const { page } = await visit(await world.person(), world.dashboard)
    await loadedAs(page, '')
    const { fetch } = globalThis
    const here = url => String(url).replace('https://api.clerk.com', process.env.CLERK_API_URL)
    await withEnvironment({ NODE_ENV: 'test' }, async () => {
      globalThis.fetch = (url, options) => fetch(here(url), options)
      await clerk.signIn({ page, emailAddress: grace.email }).finally(() => { globalThis.fetch = fetch })
    })
    await loadedAs(page, grace.id)
    await page.reload()
    assert.equal((await served(page)).user, grace.id)
    await page.context().close()
  })
}

// The application's page in which a component is drawn.
async function drawn(world, component, context) {
  const page = await (context ?? await world.person()).newPage()
  await page.goto(`${world.opened.origin}/form/${component}`)
  return page
}

// What is written into a field, by its name.
const fill = (page, name, text) => page.locator(`input[name="${name}"]`).fill(text)
const press = (page, name) => page.getByRole('button', { name, exact: true }).click()
// The boxes of a code are one field.
const enterCode = page => page.locator('input[autocomplete="one-time-code"]').pressSequentially(CODE)

async function arrivesAs(world, page, id) {
  await page.waitForURL(world.dashboard)
  await loadedAs(page, id)
  assert.equal((await served(page)).user, id)
}

async function signIn(world) {
  await world.check('<SignIn/> signs in by password and leads to the dashboard', async () => {
    const grace = await somebody(world)
    const page = await drawn(world, 'SignIn')
    await fill(page, 'identifier', grace.email)
    await press(page, 'Continue')
    await fill(page, 'password', PASSWORD)
    await press(page, 'Continue')
    await arrivesAs(world, page, grace.id)
    await page.context().close()
  })
  await world.check('<SignIn/> says that a password is wrong, and takes a code in its place', async () => {
    const grace = await somebody(world)
    const page = await drawn(world, 'SignIn')
    await fill(page, 'identifier', grace.email)
    await press(page, 'Continue')
    await fill(page, 'password', 'incorrect horse')
    await press(page, 'Continue')
    await page.getByText('This is not the password of this user').first().waitFor()
    await page.getByText('Use another method').first().click()
    await page.getByRole('button', { name: /Email code to/ }).click()
    await enterCode(page)
    await arrivesAs(world, page, grace.id)
    await page.context().close()
  })
  await world.check('<SignIn/> lets who forgot a password choose another', async () => {
    const grace = await somebody(world)
    const page = await drawn(world, 'SignIn')
    await fill(page, 'identifier', grace.email)
    await press(page, 'Continue')
    await page.getByText('Forgot password?').click()
    await press(page, 'Reset your password')
    await enterCode(page)
    await fill(page, 'password', 'another horse battery staple')
    await fill(page, 'confirmPassword', 'another horse battery staple')
    await press(page, 'Reset Password')
    await arrivesAs(world, page, grace.id)
    await page.context().close()
  })
  await world.check('<SignIn/> says that nobody has such an address', async () => {
    const page = await drawn(world, 'SignIn')
    await fill(page, 'identifier', 'nobody@example.com')
    await press(page, 'Continue')
    await page.getByText('No user has this identifier').first().waitFor()
    await page.context().close()
  })
}

async function signUp(world) {
  await world.check('<SignUp/> takes an address, a password and a code, and makes a user who is signed in', async () => {
    count += 1
    const email = `new${count}+clerk_test@example.com`
    const page = await drawn(world, 'SignUp')
    await fill(page, 'emailAddress', email)
    await fill(page, 'password', PASSWORD)
    await press(page, 'Continue')
    await enterCode(page)
    await page.waitForURL(world.dashboard)
    const { data: [user] } = await world.clerk.users.getUserList({ emailAddress: [email] })
    await arrivesAs(world, page, user.id)
    await page.context().close()
  })
}

// Those who have a link to sign up with, and what their form asks for beside a password.
async function invited(world, options, fields = {}) {
  const redirectUrl = `${world.opened.origin}/form/SignUp`
  const signsUp = async (emailAddress, { url }) => {
    const page = await (await world.person(options)).newPage()
    await page.goto(url)
    for (const [name, text] of Object.entries(fields)) await fill(page, name, `${text}${count}`)
    await fill(page, 'password', PASSWORD)
    await press(page, 'Continue')
    await page.waitForURL(world.dashboard)
    const { data: [user] } = await world.clerk.users.getUserList({ emailAddress: [emailAddress] })
    await arrivesAs(world, page, user.id)
    await page.context().close()
    return user
  }
  await world.check('<SignUp/> makes a user of whoever is invited, by the link and without a code', async () => {
    count += 1
    const emailAddress = `invited${count}@example.com`
    const invitation = await world.clerk.invitations.createInvitation({ emailAddress, redirectUrl, publicMetadata: { plan: 'pro' } })
    const user = await signsUp(emailAddress, invitation)
    assert.deepEqual(user.publicMetadata, { plan: 'pro' })
    const { data: [accepted] } = await world.clerk.invitations.getInvitationList({ status: 'accepted', query: emailAddress })
    assert.equal(accepted.id, invitation.id)
  })
  await world.check('<SignUp/> makes a member of whoever is invited into an organization', async () => {
    count += 1
    const emailAddress = `member${count}@example.com`
    const { id: organizationId } = await world.clerk.organizations.createOrganization({ name: 'Acme' })
    const invitation = await world.clerk.organizations.createOrganizationInvitation({
      organizationId, emailAddress, redirectUrl, role: 'org:member',
    })
    const user = await signsUp(emailAddress, invitation)
    const { data: [membership] } = await world.clerk.users.getOrganizationMembershipList({ userId: user.id })
    assert.equal(membership.organization.id, organizationId)
  })
}

async function profile(world) {
  await world.check('<UserProfile/> changes the name of its user', async () => {
    const grace = await somebody(world)
    const context = await world.person()
    const { page: first } = await visit(context, world.dashboard)
    await clerk.signIn({ page: first, signInParams: { strategy: 'password', identifier: grace.email, password: PASSWORD } })
    const page = await drawn(world, 'UserProfile', context)
    await press(page, 'Update profile')
    await fill(page, 'firstName', 'Ada')
    await press(page, 'Save')
    await page.getByText('Ada').first().waitFor()
    assert.equal((await world.clerk.users.getUser(grace.id)).firstName, 'Ada')
    await page.context().close()
  })
  await world.check('<UserProfile/> offers an agent nothing to change, and shows the user all the same', async () => {
    const context = await world.person()
    await visit(context, (await world.task()).url)
    const page = await drawn(world, 'UserProfile', context)
    await page.getByText(world.email).first().waitFor()
    for (const name of ['Add email address', 'Add phone number', 'Set username']) {
      assert.equal(await page.getByRole('button', { name }).count(), 0, name)
    }
    const refused = page.evaluate(() => window.Clerk.user.update({ firstName: 'Eve' }).catch(({ errors }) => errors[0].code))
    assert.equal(await refused, 'authorization_invalid')
    await page.context().close()
  })
  await world.check('a page writes the unsafe metadata of its user', async () => {
    const grace = await somebody(world)
    const { page } = await visit(await world.person(), world.dashboard)
    await clerk.signIn({ page, signInParams: { strategy: 'password', identifier: grace.email, password: PASSWORD } })
    await page.evaluate(() => window.Clerk.user.update({ unsafeMetadata: { onboarded: true } }))
    assert.deepEqual((await world.clerk.users.getUser(grace.id)).unsafeMetadata, { onboarded: true })
    await page.context().close()
  })
}

async function verification(world) {
  await world.check('a session is verified again, and its next token says so', async () => {
    const grace = await somebody(world)
    const { page } = await visit(await world.person(), world.dashboard)
    await clerk.signIn({ page, signInParams: { strategy: 'password', identifier: grace.email, password: PASSWORD } })
    const status = await page.evaluate(async password => {
      const { session } = window.Clerk
      await session.startVerification({ level: 'first_factor' })
      const { status } = await session.attemptFirstFactorVerification({ strategy: 'password', password })
      return status
    }, PASSWORD)
    assert.equal(status, 'complete')
    const fva = await page.evaluate(async () => {
      const jwt = await window.Clerk.session.getToken({ skipCache: true })
      return JSON.parse(atob(jwt.split('.')[1].replace(/-/g, '+').replace(/_/g, '/'))).fva
    })
    assert.deepEqual(fva, [0, -1])
    await page.context().close()
  })
  await world.check('the dialogue of @clerk/ui verifies a session by password', async () => {
    const grace = await somebody(world)
    const context = await world.person()
    const { page: first } = await visit(context, world.dashboard)
    await clerk.signIn({ page: first, signInParams: { strategy: 'password', identifier: grace.email, password: PASSWORD } })
    const page = await drawn(world, 'UserProfile', context)
    await page.getByText(grace.email).first().waitFor()
    const verified = page.evaluate(() => new Promise((resolve, reject) => window.Clerk.__internal_openReverification({
      level: 'first_factor',
      afterVerification: () => resolve(true),
      afterVerificationCancelled: () => reject(new Error('cancelled')),
    })))
    await fill(page, 'password', PASSWORD)
    await press(page, 'Continue')
    assert.equal(await verified, true)
    await page.context().close()
  })
}

async function inProduction(world) {
  await world.check('<SignIn/> signs in by password over https', async () => {
    const grace = await somebody(world)
    const page = await drawn(world, 'SignIn', await world.person({ ignoreHTTPSErrors: true }))
    await fill(page, 'identifier', grace.email)
    await press(page, 'Continue')
    await fill(page, 'password', PASSWORD)
    await press(page, 'Continue')
    await arrivesAs(world, page, grace.id)
    await page.context().close()
  })
  await world.check('<SignUp/> says that nobody can sign up here', async () => {
    const page = await drawn(world, 'SignUp', await world.person({ ignoreHTTPSErrors: true }))
    await page.getByText('Access restricted').first().waitFor()
    await page.context().close()
  })
  await invited(world, { ignoreHTTPSErrors: true }, { username: 'invited_' })
}
