import { setupClerkTestingToken } from '@clerk/testing/playwright'
import { expect, test } from '@playwright/test'

const { E2E_CLERK_USER_USERNAME: identifier, E2E_CLERK_USER_PASSWORD: password } = process.env

test('a stranger who asks for a protected page is led to the sign-in page', async ({ page }) => {
  await setupClerkTestingToken({ page })
  await page.goto('/protected')
  await expect(page).toHaveURL(/\/sign-in\?redirect_url=/)
  await expect(page.locator('input[name=identifier]')).toBeVisible()
})

test('<SignIn/> signs in by password and leads to the page that was asked for', async ({ page }) => {
  await setupClerkTestingToken({ page })
  await page.goto('/protected')
  await page.locator('input[name=identifier]').fill(identifier)
  await page.getByRole('button', { name: 'Continue', exact: true }).click()
  await page.locator('input[name=password]').fill(password)
  await page.getByRole('button', { name: 'Continue', exact: true }).click()
  await expect(page).toHaveURL('/protected')
  await expect(page.getByRole('heading')).toHaveText('Protected, for Grace')
})
