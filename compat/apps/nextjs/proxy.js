import { clerkMiddleware } from '@clerk/nextjs/server'

export default clerkMiddleware({ frontendApiProxy: { enabled: Boolean(process.env.CLERK_FAPI_URL) } })

export const config = { matcher: ['/((?!_next/).*)'] }
