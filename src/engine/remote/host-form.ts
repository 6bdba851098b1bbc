// One form for each host, however it is written: what is compared with the allow-list is what is connected to.
import { isIP, isIPv6 } from 'node:net'

/**
 * Lower case, punycode, no dot at the end; addresses as Node prints them, of IPv6 without brackets. `2130706433`, `0x7f.1` and
 * `0177.0.0.1` are all `127.0.0.1`. Undefined for what is no host: user names, zone ids, empty labels.
 */
export function canonicalHost(written: string): string | undefined {
  const bare = written.replace(/^\[(.*)\]$/, '$1')
  // URL would read these as the end of the host, drop them, or decode them.
  if (bare === '' || /[\s/?#@\\%<>^|*]/u.test(bare) || [...bare].some((letter) => letter < ' ')) return undefined
  const isBracketed = bare !== written
  if (isIPv6(bare)) return hostOf(`http://[${bare}]/`)
  if (bare.includes(':') || isBracketed) return undefined
  const host = hostOf(`http://${bare}/`)
  if (host === undefined || host.length > 253) return undefined
  const name = host.endsWith('.') ? host.slice(0, -1) : host
  return name.split('.').every((label) => label !== '' && label.length <= 63) ? name : undefined
}

function hostOf(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined
  return new URL(url).hostname.replace(/^\[(.*)\]$/, '$1')
}

/** As it stands in URLs and in allow-lists: IPv6 in brackets. */
export const inBrackets = (host: string): string => (isIP(host) === 6 ? `[${host}]` : host)
