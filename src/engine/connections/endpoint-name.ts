// The name under which the forwarder of a connection is known: what `source.remote.host` of a `_reindex` call says.
import type { ConnectionRecord } from './connection-record.ts'

const zone = 'indexferry.internal'

/**
 * Amazon's own names look like vpc-…-….us-east-1.es.amazonaws.com. The API allows letters, digits, hyphens and dots, and a label of a
 * host name has 63 letters at most; the id makes the name unique, the alias makes it readable.
 */
export function endpointName({ alias, id, remote }: Pick<ConnectionRecord, 'alias' | 'id' | 'remote'>): string {
  const room = 63 - 'vpc-'.length - '-'.length - id.length
  const readable = alias
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, room)
    .replace(/^-+|-+$/g, '')
  return [`vpc-${readable ? `${readable}-` : ''}${id}`, remote.region, zone].filter(Boolean).join('.')
}

/** The connection's id in such a name, or undefined when it is none. Names are the same in any case, and with a dot at the end. */
export function connectionIdIn(host: string): string | undefined {
  const name = host.toLowerCase().replace(/\.$/, '')
  return name.endsWith(`.${zone}`) ? /^vpc-(?:[a-z0-9-]+-)?(cc-[a-z0-9]+)\./.exec(name)?.[1] : undefined
}
