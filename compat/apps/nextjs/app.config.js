export default {
  name: 'nextjs',
  sdk: '@clerk/nextjs',
  framework: 'next',
  proxies: true,
  node: '../../node_modules/.bin',
  build: ['npm', 'run', 'build'],
  start: ['npm', 'start'],
  settings: () => ({ NEXT_TELEMETRY_DISABLED: '1' }),
}
