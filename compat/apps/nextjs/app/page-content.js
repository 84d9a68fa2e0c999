import { auth } from '@clerk/nextjs/server'
import { Client } from './client'

/** Both pages are the same but for their path. */
export async function PageContent({ path }) {
  const { userId, sessionId, actor } = await auth()
  return (
    <main>
      <h1>{path}</h1>
      <div id="server" data-user={userId ?? ''} data-agent={actor?.sub ?? ''} data-session={sessionId ?? ''} />
      <Client />
    </main>
  )
}
