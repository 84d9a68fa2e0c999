import { getAuth } from '@clerk/react-router/server'

/** The caller, who has what is required in the active organization; others are answered instead of the page. */
export async function requires(args, required) {
  const auth = await getAuth(args)
  if (!auth.isAuthenticated) throw new Response('Unauthorized', { status: 401 })
  if (!auth.has(required)) throw new Response('Forbidden', { status: 403 })
  return auth
}
