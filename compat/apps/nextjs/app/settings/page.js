/** Who may be here is decided before the page: in proxy.js. */
export default function Page() {
  return <h1>Settings</h1>
}
