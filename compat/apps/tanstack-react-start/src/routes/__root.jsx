import { ClerkProvider, Show, UserButton } from '@clerk/tanstack-react-start'
import { createRootRoute, HeadContent, Link, Outlet, Scripts } from '@tanstack/react-router'

export const Route = createRootRoute({
  head: () => ({ meta: [{ charSet: 'utf-8' }] }),
  shellComponent: Shell,
  component: Root,
})

function Shell({ children }) {
  return (
    <html lang="en">
      <head>
        <HeadContent />
      </head>
      <body>
        {children}
        <Scripts />
      </body>
    </html>
  )
}

function Root() {
  return (
    <ClerkProvider>
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
