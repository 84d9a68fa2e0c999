import { SignIn, UserButton, clerkPlugin, useAuth } from '@clerk/vue'
import { createApp, h } from 'vue'

const { VITE_CLERK_PUBLISHABLE_KEY, VITE_CLERK_PROXY_URL, VITE_CLERK_JS_URL, VITE_CLERK_UI_URL } = import.meta.env

const Dashboard = {
  setup() {
    const { isLoaded, userId, actor } = useAuth()
    return () => [
      h('p', {
        id: 'client',
        'data-loaded': String(isLoaded.value),
        'data-user': userId.value ?? '',
        'data-agent': actor.value?.sub ?? '',
      }),
      isLoaded.value && (userId.value ? h(UserButton) : h(SignIn, { routing: 'hash' })),
    ]
  },
}

createApp(Dashboard)
  .use(clerkPlugin, {
    publishableKey: VITE_CLERK_PUBLISHABLE_KEY,
    proxyUrl: VITE_CLERK_PROXY_URL,
    __internal_clerkJSUrl: VITE_CLERK_JS_URL,
    __internal_clerkUIUrl: VITE_CLERK_UI_URL,
  })
  .mount('#app')
