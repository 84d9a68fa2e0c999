export default {
  name: 'astro',
  sdk: '@clerk/astro',
  framework: 'astro',
  components: true,
  node: '../../node_modules/.bin',
  build: ['npm', 'run', 'build'],
  start: ['npm', 'start'],
  settings: () => ({ ASTRO_TELEMETRY_DISABLED: '1' }),
}
