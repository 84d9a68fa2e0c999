export default {
  name: 'express',
  sdk: '@clerk/express',
  framework: 'express',
  proxies: true,
  organizations: {},
  start: ['node', 'server.js'],
}
