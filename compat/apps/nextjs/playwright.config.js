import { defineConfig } from '@playwright/test'

// The keys, the addresses and who signs in are in the environment, for the tests and for the application alike.
const origin = `http://localhost:${process.env.PORT ?? 3000}`

export default defineConfig({
  testDir: 'e2e',
  timeout: 60000,
  expect: { timeout: 15000 },
  use: { baseURL: origin, launchOptions: { executablePath: process.env.CHROMIUM } },
  projects: [
    { name: 'setup', testMatch: 'global.setup.js' },
    { name: 'signed out', testMatch: 'signed-out.spec.js', dependencies: ['setup'] },
    {
      name: 'signed in',
      testMatch: 'signed-in.spec.js',
      dependencies: ['setup'],
      use: { storageState: 'playwright/.clerk/user.json' },
    },
  ],
  webServer: { command: 'npm run dev', url: `${origin}/sign-in`, timeout: 120000 },
})
