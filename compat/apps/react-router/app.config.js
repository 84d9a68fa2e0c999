export default {
  name: 'react-router',
  sdk: '@clerk/react-router',
  framework: 'react-router',
  components: true,
  organizations: { draws: ['the page', 'useAuth'] },
  node: '../../node_modules/.bin',
  build: ['npm', 'run', 'build'],
  start: ['npm', 'start'],
}
