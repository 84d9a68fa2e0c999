import { ClerkProvider, SignIn, UserButton, useAuth } from '@clerk/react'
import { createRoot } from 'react-dom/client'

const { VITE_CLERK_PUBLISHABLE_KEY, VITE_CLERK_PROXY_URL, VITE_CLERK_JS_URL, VITE_CLERK_UI_URL } = import.meta.env

function Dashboard() {
  const { isLoaded, userId, actor } = useAuth()
  return (
    <>
      <p id="client" data-loaded={isLoaded} data-user={userId ?? ''} data-agent={actor?.sub ?? ''} />
      {isLoaded && (userId ? <UserButton /> : <SignIn routing="hash" />)}
    </>
  )
}

createRoot(document.getElementById('app')).render(
  <ClerkProvider
    publishableKey={VITE_CLERK_PUBLISHABLE_KEY}
    proxyUrl={VITE_CLERK_PROXY_URL}
    __internal_clerkJSUrl={VITE_CLERK_JS_URL}
    __internal_clerkUIUrl={VITE_CLERK_UI_URL}
  >
    <Dashboard />
  </ClerkProvider>,
)
