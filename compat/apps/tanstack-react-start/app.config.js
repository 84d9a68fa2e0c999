export default {
  name: 'tanstack-react-start',
  sdk: '@clerk/tanstack-react-start',
  framework: 'tanstack',
  node: '../../node_modules/.bin',
  build: ['npm', 'run', 'build'],
  start: ['npm', 'start'],
}
