export default {
  name: 'tanstack-react-start',
  sdk: '@clerk/tanstack-react-start',
  framework: 'tanstack',
  components: true,
  node: '../../node_modules/.bin',
  build: ['npm', 'run', 'build'],
  start: ['npm', 'start'],
}
