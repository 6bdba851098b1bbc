import type { Domain } from './domain.ts'
import type { OnwardRoute } from './onward-socket.ts'

/** Where the TCP connections to a domain go. */
export function routeTo({ url, proxy }: Pick<Domain, 'url' | 'proxy'>): OnwardRoute {
  const { hostname, port, protocol } = new URL(url)
  return {
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(port) || (protocol === 'https:' ? 443 : 80),
    proxy,
  }
}
