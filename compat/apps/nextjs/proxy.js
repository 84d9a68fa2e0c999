import { clerkMiddleware, createRouteMatcher } from '@clerk/nextjs/server'

const isForTheSignedIn = createRouteMatcher(['/protected(.*)'])
const isForAdmins = createRouteMatcher(['/settings(.*)'])

// With the address at which this server reaches Standin, browsers are spared it: /__clerk is passed on.
export default clerkMiddleware(async (auth, request) => {
  if (isForTheSignedIn(request)) await auth.protect()
  if (isForAdmins(request)) await auth.protect({ role: 'org:admin' })
}, { frontendApiProxy: { enabled: Boolean(process.env.CLERK_FAPI_URL) } })

export const config = { matcher: ['/((?!_next/).*)'] }
