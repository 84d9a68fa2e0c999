export default {
  name: 'backend',
  sdk: '@clerk/backend',
  framework: 'express',
  start: ['node', 'server.js'],
}
