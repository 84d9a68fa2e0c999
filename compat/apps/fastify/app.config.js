export default {
  name: 'fastify',
  sdk: '@clerk/fastify',
  framework: 'fastify',
  proxies: true,
  start: ['node', 'server.js'],
}
