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
}
