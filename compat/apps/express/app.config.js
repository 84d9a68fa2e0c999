export default {
  name: 'express',
  sdk: '@clerk/express',
  framework: 'express',
  start: ['node', 'server.js'],
}
