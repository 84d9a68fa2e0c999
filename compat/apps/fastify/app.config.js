export default {
  name: 'fastify',
  sdk: '@clerk/fastify',
  framework: 'fastify',
  start: ['node', 'server.js'],
}
