import { clerk } from '@clerk/testing/playwright'
import { expect, test } from '@playwright/test'

test('the kept state opens a protected page, signed in on the server and in the page', async ({ page }) => {
  await page.goto('/protected')
  await expect(page.getByRole('heading')).toHaveText('Protected, for Grace')
  await clerk.loaded({ page })
  const address = await page.evaluate(() => window.Clerk.user.primaryEmailAddress.emailAddress)
  expect(address).toBe(process.env.E2E_CLERK_USER_USERNAME)
})
