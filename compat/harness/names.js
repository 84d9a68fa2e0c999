// Names under example.test are this machine for Node too, as they are for the browser: Playwright answers a page's requests by
// way of Node where a test asks for it. What an entry in /etc/hosts would do.
import dns from 'node:dns'

const lookup = dns.promises.lookup

dns.promises.lookup = (name, options, ...rest) => {
  if (!/(^|\.)example\.test$/.test(name)) return lookup(name, options, ...rest)
  const { all, family } = typeof options === 'object' ? options : { family: options }
  if (family === 6) return Promise.reject(Object.assign(new Error(`${name} has no IPv6 address`), { code: 'ENOTFOUND' }))
  const found = { address: '127.0.0.1', family: 4 }
  return Promise.resolve(all ? [found] : found)
}
