import { requires } from '../requires.js'

export async function loader(args) {
  await requires(args, { role: 'org:admin' })
}

export default function Page() {
  return <h1>Settings</h1>
}
