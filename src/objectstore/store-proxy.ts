// Which proxy the environment names for a store: HTTPS_PROXY, HTTP_PROXY and NO_PROXY, as most tools read them.
import { isIP } from 'node:net'
import { IndexferryError, registerSecret, type Side } from '../foundation/errors.ts'
import type { Environment } from './store-settings.ts'

/** The URL of the proxy; undefined: straight to the store. */
export function proxyFor(origin: string, side: Side, env: Environment): string | undefined {
  const { protocol, hostname, port } = new URL(origin)
  const name = protocol === 'https:' ? 'https_proxy' : 'http_proxy'
  const given = env[name] || env[name.toUpperCase()]
  if (!given || isOwn(hostname) || isExcepted(hostname, port || (protocol === 'https:' ? '443' : '80'), env))
    return undefined
  const url = URL.parse(given.includes('://') ? given : `http://${given}`)
  if (!url || !/^https?:$/.test(url.protocol))
    throw new IndexferryError('CONFIG_INVALID', `${name.toUpperCase()} is no URL of an HTTP proxy`, {
      side,
      remedy: 'Write it as http://proxy.example.com:3128, or take the store out with NO_PROXY.',
    })
  registerSecret(passwordOf(url, name, side) || undefined)
  return url.href
}

function passwordOf({ username, password }: URL, name: string, side: Side): string {
  try {
    // The name of the user is decoded where they are sent.
    decodeURIComponent(username)
    return decodeURIComponent(password)
  } catch {
    // Without the cause and the URL: the password is in there.
    throw new IndexferryError('CONFIG_INVALID', `${name.toUpperCase()} has a user or password that is no URL's`, {
      side,
      remedy: 'Write special characters in it percent-encoded: a percent sign itself as %25.',
    })
  }
}

/** A proxy cannot know what this machine calls itself. */
const isOwn = (host: string): boolean =>
  host === 'localhost' ||
  host.endsWith('.localhost') ||
  host === '[::1]' ||
  (isIP(host) === 4 && host.startsWith('127.'))

function isExcepted(host: string, port: string, env: Environment): boolean {
  const entries = (env.no_proxy || env.NO_PROXY || '').split(/[\s,]+/).filter(Boolean)
  return entries.some((entry) => {
    if (entry === '*') return true
    const [, name = '', only] = /^(.*?)(?::(\d+))?$/.exec(entry.toLowerCase()) ?? []
    if (only !== undefined && only !== port) return false
    const domain = name.replace(/^\*?\./, '')
    return host === domain || host.endsWith(`.${domain}`)
  })
}
