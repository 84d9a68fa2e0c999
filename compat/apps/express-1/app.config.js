// An application of autumn 2025, which nobody has brought up to date: its `@clerk/backend` follows a handshake's nonce in
// circles. Its `standin dev` is started where the packages lie, as its users start it.
export default {
  name: 'express-1',
  sdk: '@clerk/express',
  framework: 'express',
  ownServer: true,
  start: ['node', 'server.js'],
}
