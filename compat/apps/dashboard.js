// The page of the apps that have no framework for one: what the server knows, and what clerk-js finds out by itself. A
// listener that is added after the script's tag may come too late for one that is in the cache; the tag has its own.
// Where no setting says it, Standin is at the address that is in the key.
const { CLERK_JS_URL, CLERK_PROXY_URL, CLERK_PUBLISHABLE_KEY: key } = process.env
const script = [
  'async',
  'crossorigin="anonymous"',
  `data-clerk-publishable-key="${key}"`,
  CLERK_PROXY_URL && `data-clerk-proxy-url="${CLERK_PROXY_URL}"`,
  `src="${CLERK_JS_URL ?? `https://${atob(key.split('_')[2]).slice(0, -1)}/npm/@clerk/clerk-js@6/dist/clerk.browser.js`}"`,
].filter(Boolean)

export function dashboard({ userId, sessionId, agentId, organization }) {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Dashboard</title>
<div id="server" data-user="${userId ?? ''}" data-agent="${agentId ?? ''}" data-session="${sessionId ?? ''}"></div>
<pre id="organization">${JSON.stringify(organization ?? {})}</pre>
<div id="client" data-loaded="false" data-user="" data-agent=""></div>
<script>
  async function start() {
    const { Clerk } = window
    const show = () => Object.assign(document.getElementById('client').dataset, {
      loaded: Clerk.loaded,
      user: Clerk.user?.id ?? '',
      agent: Clerk.session?.actor?.sub ?? '',
    })
    await Clerk.load({ telemetry: false })
    Clerk.addListener(show)
    show()
  }
</script>
<script ${script.join(' ')} onload="start()"></script>
</html>`
}
