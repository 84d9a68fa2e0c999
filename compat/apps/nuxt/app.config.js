export default {
  name: 'nuxt',
  sdk: '@clerk/nuxt',
  framework: 'nuxt',
  components: true,
  node: '../../node_modules/.bin',
  build: ['npm', 'run', 'build'],
  start: ['npm', 'start'],
  settings: () => ({ NUXT_TELEMETRY_DISABLED: '1' }),
}
