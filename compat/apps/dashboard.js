// The page of the apps that have no framework for one: what the server knows, and what clerk-js finds out by itself.
export function dashboard({ userId, sessionId, agentId }) {
  const script = [
    'async',
    'crossorigin="anonymous"',
    `data-clerk-publishable-key="${process.env.CLERK_PUBLISHABLE_KEY}"`,
    `data-clerk-proxy-url="${process.env.CLERK_PROXY_URL}"`,
    `src="${process.env.CLERK_JS_URL}"`,
  ]
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Dashboard</title>
<div id="server" data-user="${userId ?? ''}" data-agent="${agentId ?? ''}" data-session="${sessionId ?? ''}"></div>
<div id="client" data-loaded="false" data-user="" data-agent=""></div>
<script id="clerk-js" ${script.join(' ')}></script>
<script>
  document.getElementById('clerk-js').addEventListener('load', async () => {
    const { Clerk } = window
    const show = () => Object.assign(document.getElementById('client').dataset, {
      loaded: Clerk.loaded,
      user: Clerk.user?.id ?? '',
      agent: Clerk.session?.actor?.sub ?? '',
    })
    await Clerk.load({ telemetry: false })
    Clerk.addListener(show)
    show()
  })
</script>
</html>`
}
