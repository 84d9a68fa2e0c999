// A page in which @clerk/ui draws one of its components, named in the address: /form/SignIn. Whoever is signed in by it goes on
// to the dashboard.
const { CLERK_JS_URL, CLERK_PROXY_URL, CLERK_PUBLISHABLE_KEY, CLERK_UI_URL } = process.env

export const form = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Form</title>
<div id="form"></div>
<script src="${CLERK_UI_URL}" crossorigin="anonymous"></script>
<script src="${CLERK_JS_URL}" crossorigin="anonymous" data-clerk-publishable-key="${CLERK_PUBLISHABLE_KEY}"
  data-clerk-proxy-url="${CLERK_PROXY_URL}"></script>
<script>
  addEventListener('load', async () => {
    const component = location.pathname.split('/').pop()
    await Clerk.load({
      telemetry: false,
      ui: { ClerkUI: window.__internal_ClerkUICtor },
      signInUrl: '/form/SignIn',
      signUpUrl: '/form/SignUp',
    })
    Clerk['mount' + component](document.getElementById('form'), { routing: 'hash', fallbackRedirectUrl: '/dashboard' })
  })
</script>
</html>`
