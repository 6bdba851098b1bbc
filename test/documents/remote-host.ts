// A remote as the parser of `_reindex` calls makes it.
import type { RemoteHost } from '../../src/model/reindex.ts'

/** `host` as a request says it. */
export function remoteHost(host: string, more: Partial<RemoteHost> = {}): RemoteHost {
  const match = /^(?:(https?):\/\/)?([^/]+?)(?::(\d+))?(\/.*)?$/i.exec(host)
  const [, scheme = 'https', hostname = host, port, pathPrefix = ''] = match ?? []
  return {
    host,
    scheme: scheme.toLowerCase() as 'http' | 'https',
    hostname: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(port ?? (scheme === 'http' ? 80 : 443)),
    pathPrefix,
    username: undefined,
    password: undefined,
    apiKey: undefined,
    headers: {},
    socketTimeoutMs: 30_000,
    connectTimeoutMs: 30_000,
    region: undefined,
    external: false,
    ...more,
  }
}
