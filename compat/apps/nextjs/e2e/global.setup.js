import { createClerkClient } from '@clerk/backend'
import { clerk, clerkSetup } from '@clerk/testing/playwright'
import { expect, test as setup } from '@playwright/test'

const { CLERK_API_URL: apiUrl, CLERK_SECRET_KEY: secretKey } = process.env
const { E2E_CLERK_USER_USERNAME: identifier, E2E_CLERK_USER_PASSWORD: password } = process.env

setup.describe.configure({ mode: 'serial' })

setup('there is a testing token, and a user with a password', async () => {
  await clerkSetup()
  const { users } = createClerkClient({ apiUrl, secretKey })
  await users.createUser({ emailAddress: [identifier], password, firstName: 'Grace' })
})

setup('the user signs in, and the state is kept for other tests', async ({ page }) => {
  await page.goto('/dashboard')
  await clerk.signIn({ page, signInParams: { strategy: 'password', identifier, password } })
  await page.goto('/protected')
  await expect(page.getByRole('heading')).toHaveText('Protected, for Grace')
  await page.context().storageState({ path: 'playwright/.clerk/user.json' })
})
