'use client'

import { useAuth, useSession, useUser } from '@clerk/nextjs'
import { useState } from 'react'

/** What clerk-js knows in the page, and a fresh token on demand. */
export function Client() {
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
