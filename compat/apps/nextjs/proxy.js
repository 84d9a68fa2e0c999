import { clerkMiddleware } from '@clerk/nextjs/server'

// With the address at which this server reaches Standin, browsers are spared it: /__clerk is passed on.
export default clerkMiddleware({ frontendApiProxy: { enabled: Boolean(process.env.CLERK_FAPI_URL) } })

export const config = { matcher: ['/((?!_next/).*)'] }
