import { getAuth } from '@clerk/react-router/server'
import { useLocation } from 'react-router'
import { Client } from '../client.jsx'

export async function loader(args) {
  const { userId, sessionId, actor } = await getAuth(args)
  return { user: userId ?? '', session: sessionId ?? '', agent: actor?.sub ?? '' }
}

export default function Page({ loaderData }) {
  const { user, agent, session } = loaderData
  return (
    <main>
      <h1>{useLocation().pathname}</h1>
      <div id="server" data-user={user} data-agent={agent} data-session={session} />
      <Client />
    </main>
  )
}
