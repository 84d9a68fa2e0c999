import { useAuth, useSession, useUser } from '@clerk/tanstack-react-start'
import { auth } from '@clerk/tanstack-react-start/server'
import { useLoaderData, useLocation } from '@tanstack/react-router'
import { createServerFn } from '@tanstack/react-start'
import { useState } from 'react'

/** Who asks, as the server sees it: called by the server for the first page, by the browser for a later one. */
const whoAsks = createServerFn().handler(async () => {
  const { userId, sessionId, actor } = await auth()
  return { user: userId ?? '', session: sessionId ?? '', agent: actor?.sub ?? '' }
})

/** Both pages are the same but for their path. An object for each, since the router writes into it. */
export const page = () => ({ loader: () => whoAsks(), component: Page })

function Page() {
  const { user, agent, session } = useLoaderData({ strict: false })
  return (
    <main>
      <h1>{useLocation().pathname}</h1>
      <div id="server" data-user={user} data-agent={agent} data-session={session} />
      <Client />
    </main>
  )
}

/** What clerk-js knows in the page, and a fresh token on demand. */
function Client() {
  const { isLoaded, user } = useUser()
  const { session } = useSession()
  const { getToken } = useAuth()
  const [token, setToken] = useState('')
  return (
    <>
      <div id="client" data-loaded={isLoaded} data-user={user?.id ?? ''} data-agent={session?.actor?.sub ?? ''} />
      <button id="get-token" onClick={async () => setToken((await getToken({ skipCache: true })) ?? 'none')}>Token</button>
      <output id="token">{token}</output>
    </>
  )
}
