export default {
  name: 'express',
  sdk: '@clerk/express',
  framework: 'express',
  proxies: true,
  start: ['node', 'server.js'],
}
