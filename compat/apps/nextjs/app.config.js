// Pages are built with the addresses in them. With CLERK_FAPI_URL (Standin, as the app's server reaches it) and
// NEXT_PUBLIC_CLERK_PROXY_URL=/__clerk, the app passes the Frontend API on under its own address.
export default {
  name: 'nextjs',
  sdk: '@clerk/nextjs',
  framework: 'next',
  node: '../../node_modules/.bin',
  build: ['npm', 'run', 'build'],
  start: ['npm', 'start'],
  settings: () => ({ NEXT_TELEMETRY_DISABLED: '1' }),
}
