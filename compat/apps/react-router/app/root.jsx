import { ClerkProvider, Show, UserButton } from '@clerk/react-router'
import { clerkMiddleware, rootAuthLoader } from '@clerk/react-router/server'
import { Link, Links, Meta, Outlet, Scripts } from 'react-router'

export const middleware = [clerkMiddleware()]

export const loader = (args) => rootAuthLoader(args)

export function Layout({ children }) {
  return (
    <html lang="en">
      <head>
        <meta charSet="utf-8" />
        <Meta />
        <Links />
      </head>
      <body>
        {children}
        <Scripts />
      </body>
    </html>
  )
}

export default function Root({ loaderData }) {
  return (
    <ClerkProvider loaderData={loaderData}>
      <nav>
        <Link id="to-dashboard" to="/dashboard">Dashboard</Link>
        <Link id="to-other" to="/other">Other</Link>
        <div id="user-button"><UserButton /></div>
        <Show when="signed-in"><p id="signed-in">Signed in</p></Show>
      </nav>
      <Outlet />
    </ClerkProvider>
  )
}
