import { ClerkProvider, Show, UserButton } from '@clerk/nextjs'
import Link from 'next/link'

export default function Layout({ children }) {
  return (
    <html lang="en">
      <body>
        <ClerkProvider>
          <nav>
            <Link id="to-dashboard" href="/dashboard">Dashboard</Link>
            <Link id="to-other" href="/other">Other</Link>
            <div id="user-button"><UserButton /></div>
            <Show when="signed-in"><p id="signed-in">Signed in</p></Show>
          </nav>
          {children}
        </ClerkProvider>
      </body>
    </html>
  )
}
