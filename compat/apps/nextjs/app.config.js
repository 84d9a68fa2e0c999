export default {
  name: 'nextjs',
  sdk: '@clerk/nextjs',
  framework: 'next',
  components: true,
  proxies: true,
  node: '../../node_modules/.bin',
  build: ['npm', 'run', 'build'],
  start: ['npm', 'start'],
  settings: () => ({ NEXT_TELEMETRY_DISABLED: '1' }),
  // How the SDK answers who may not and strangers, what is guarded by a permission, who draws for some members only, and that a
  // page is asked for again when its organization changes.
  organizations: {
    refused: 404,
    stranger: 404,
    invoices: ['/invoices', '/api/invoices'],
    draws: ['the server', 'the page', 'useAuth'],
    refreshes: true,
  },
}
