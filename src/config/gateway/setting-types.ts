// How the texts of the configuration are read, beyond the types that options of the command line have.
import { isIP } from 'node:net'
import type { ValueType } from '../../foundation/option.ts'
import { type ClusterVersion, parseClusterVersion } from '../../model/cluster-version.ts'

/** The words of YAML's own booleans, old and new; all others are a slip. */
export const booleanType: ValueType<boolean> = {
  name: 'flag',
  placeholder: 'true|false',
  expects: 'true or false',
  parse: (value) => (/^(?:true|yes|on)$/i.test(value) ? true : /^(?:false|no|off)$/i.test(value) ? false : undefined),
}

export interface ListenAddress {
  readonly host: string
  readonly port: number
}

const portOf = (text: string): number | undefined => {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : -1
  return port >= 0 && port <= 65_535 ? port : undefined
}

/** `127.0.0.1:9200`, `[::1]:9200`, `:9200` or `9200` (loopback); port 0 takes a free one. */
export const listenAddress: ValueType<ListenAddress> = {
  name: 'special',
  placeholder: 'HOST:PORT',
  expects: 'an address such as 127.0.0.1:9200 or [::1]:9200',
  parse: (value) => {
    const [, bracketed, plain, portText] = /^(?:(?:\[([^\]]+)\]|([^:[\]\s/]*)):)?(\d+)$/.exec(value) ?? []
    const port = portOf(portText ?? '')
    if (port === undefined || (bracketed !== undefined && isIP(bracketed) !== 6)) return undefined
    return { host: bracketed || plain || '127.0.0.1', port }
  },
}

/** A first and a last port. */
export const portRange: ValueType<readonly [number, number]> = {
  name: 'special',
  placeholder: 'FIRST-LAST',
  expects: 'a range of ports such as 9300-9399',
  parse: (value) => {
    const [, from, to] = /^(\d+)\s*-\s*(\d+)$/.exec(value) ?? []
    const first = portOf(from ?? '')
    const last = portOf(to ?? '')
    return first && last && first <= last ? [first, last] : undefined
  },
}

/** The name of an index, with `*` for any part. */
export const recordedName: ValueType<string> = {
  name: 'text',
  placeholder: 'INDEX',
  expects: 'the name of an index, or a pattern such as orders-*',
  parse: (value) =>
    /^[^\s,/\\?"<>|#_+-][^\s,/\\?"<>|#]*$/.test(value) && value === value.toLowerCase() ? value : undefined,
}

/** The base URL of a cluster. Query and fragment have no meaning there. */
export const clusterUrl: ValueType<string> = {
  name: 'text',
  placeholder: 'URL',
  expects: 'a base URL such as https://host:9200',
  parse: (value) => {
    const url = URL.canParse(value) ? new URL(value) : undefined
    return url && /^https?:$/.test(url.protocol) && !url.search && !url.hash ? value : undefined
  },
}

export const proxyUrl: ValueType<string> = {
  name: 'text',
  placeholder: 'URL',
  expects: 'a proxy such as http://proxy:3128 or socks5://proxy:1080',
  parse: (value) => {
    const url = URL.canParse(value) ? new URL(value) : undefined
    if (!url || !/^(?:http|socks5):$/.test(url.protocol) || url.hostname === '') return undefined
    // `http://proxy:80` has no port once it is parsed.
    return /:\d+\/?$/.test(value) && (url.pathname === '' || url.pathname === '/')
      ? value.replace(/\/$/, '')
      : undefined
  },
}

/** An owner of domains, as AWS has it: an account number. */
export const ownerNumber: ValueType<string> = {
  name: 'text',
  placeholder: 'OWNER',
  expects: 'an owner of 12 digits',
  parse: (value) => (/^\d{12}$/.test(value) ? value : undefined),
}

/** Basic authentication ends a name at its colon. */
export const userName: ValueType<string> = {
  name: 'text',
  placeholder: 'NAME',
  expects: 'a name without colons and line breaks',
  parse: (value) => (/^[^:\r\n]+$/.test(value) ? value : undefined),
}

/** As Amazon's calls have it. */
export const regionName: ValueType<string> = {
  name: 'text',
  placeholder: 'REGION',
  expects: 'a region such as eu-central-1',
  parse: (value) => (/^[a-z][a-z0-9-]{4,29}$/.test(value) ? value : undefined),
}

export const versionType: ValueType<ClusterVersion> = {
  name: 'special',
  placeholder: 'VERSION',
  expects: 'a version such as elasticsearch-6.8.23 or opensearch-2.19.4',
  parse: (value) => parseClusterVersion(value),
}

export const isDomainName = (name: string): boolean => /^[a-z][a-z0-9-]{2,27}$/.test(name)
