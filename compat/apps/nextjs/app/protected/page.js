import { currentUser } from '@clerk/nextjs/server'

/** For whoever is signed in: proxy.js leads others to the sign-in page. */
export default async function Page() {
  const { firstName } = await currentUser()
  return <h1>{`Protected, for ${firstName}`}</h1>
}
