export default {
  name: 'react-router',
  sdk: '@clerk/react-router',
  framework: 'react-router',
  components: true,
  node: '../../node_modules/.bin',
  build: ['npm', 'run', 'build'],
  start: ['npm', 'start'],
}
