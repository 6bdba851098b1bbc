// `source.remote`: what the servers take, and what they do not and we do: hosts without scheme or port (endpoints of connections;
// engine/remote decides), `api_key`, `external` and `region`.
import type { JsonObject, JsonValue } from '../../../model/json.ts'
import type { RemoteHost } from '../../../model/reindex.ts'
import { hashOrder, isPlainObject, isRaw, javaText, parseTime } from './java-values.ts'
import { illegalArgument, refuse } from './refused-call.ts'

const timeoutDefaultMs = 30_000

export function parseRemote(value: JsonValue): RemoteHost {
  if (!isPlainObject(value)) throw refuse(classCast(value))
  const remote = new Fields(value)
  const username = remote.text('username')
  const password = remote.text('password')
  const host = remote.text('host')
  if (host === undefined) {
    throw refuse({
      type: 'null_pointer_exception',
      reason: '[host] must be specified to reindex from a remote cluster',
    })
  }
  if (/^\/\/[^/]*:\d+/.test(host)) {
    throw refuse({
      type: 'null_pointer_exception',
      reason: '[scheme] must be specified to reindex from a remote cluster',
    })
  }
  const address = parseHost(host)
  const headers = remote.texts('headers')
  const socketTimeoutMs = remote.time('socket_timeout')
  const connectTimeoutMs = remote.time('connect_timeout')
  const apiKey = remote.text('api_key')
  const region = remote.text('region')
  const external = remote.flag('external')
  const unknown = remote.unread()
  if (unknown.length > 0) {
    // What is no address for the servers is refused by them before they look at the other fields.
    if (!address.isComplete) throw refuseForm(host)
    throw refuse(illegalArgument(`Unsupported fields in [remote]: [${unknown.join(',')}]`))
  }
  return {
    host: withoutCredentials(host),
    scheme: address.scheme,
    hostname: address.hostname,
    port: address.port,
    pathPrefix: address.pathPrefix.replace(/\/+$/, ''),
    username: username ?? address.username,
    password: password ?? address.password,
    apiKey,
    headers,
    socketTimeoutMs,
    connectTimeoutMs,
    region,
    external,
  }
}

const classCast = (value: JsonValue) => {
  const kind = typeof value === 'string' ? 'String' : Array.isArray(value) ? 'util.ArrayList' : 'Object'
  const name = kind.startsWith('util') ? `java.${kind}` : `java.lang.${kind}`
  const modules = `(${name} and java.util.Map are in module java.base of loader 'bootstrap')`
  return { type: 'class_cast_exception', reason: `class ${name} cannot be cast to class java.util.Map ${modules}` }
}

interface HostAddress {
  readonly scheme: 'http' | 'https'
  readonly hostname: string
  readonly port: number
  /** As it was written. */
  readonly pathPrefix: string
  readonly username: string | undefined
  readonly password: string | undefined
  /** With scheme and port, as the servers want it. */
  readonly isComplete: boolean
}

const hostForm =
  /^(?:([a-z][a-z0-9+.-]*):\/\/)?(?:([^@/?#]*)@)?(\[[0-9a-f:.]+\]|[^:/?#\s@[\]]+)(?::(\d{1,5}))?(\/[^?#\s]*)?(?:[?#]\S*)?$/i

export function parseHost(host: string): HostAddress {
  const match = hostForm.exec(host)
  const [, scheme, userInfo, name = '', port, path = ''] = match ?? []
  // Without a scheme it is the name of a connection, which is reached as its domain's URL says.
  const secure = (scheme ?? 'https').toLowerCase()
  if (!match || (secure !== 'http' && secure !== 'https') || Number(port ?? 1) > 65_535) throw refuseForm(host)
  const [username, password] = userInfo?.split(/:(.*)/s) ?? []
  return {
    scheme: secure,
    hostname: name.replace(/^\[(.*)\]$/, '$1'),
    port: port === undefined ? (secure === 'https' ? 443 : 80) : Number(port),
    pathPrefix: path,
    username: decoded(username),
    password: decoded(password),
    isComplete: scheme !== undefined && port !== undefined,
  }
}

const refuseForm = (host: string) => {
  const shown = withoutCredentials(host)
  return refuse(
    illegalArgument(`[host] must be of the form [scheme]://[host]:[port](/[pathPrefix])? but was [${shown}]`, {
      type: 'u_r_i_syntax_exception',
      reason: `The port was not defined in the [host]: ${shown}`,
    }),
  )
}

const withoutCredentials = (host: string): string => host.replace(/^([^/]*\/\/)?[^@/?#]*@/, '$1')

function decoded(text: string | undefined): string | undefined {
  if (!text) return undefined
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Fields that are taken out one by one; what is left is unknown. */
class Fields {
  readonly #left: Map<string, JsonValue>

  constructor(object: JsonObject) {
    this.#left = new Map(Object.entries(object))
  }

  unread(): string[] {
    return hashOrder(Object.fromEntries(this.#left)).map(([name]) => name)
  }

  #take(name: string): JsonValue {
    const value = this.#left.get(name) ?? null
    this.#left.delete(name)
    return value
  }

  text(name: string): string | undefined {
    const value = this.#take(name)
    if (value === null) return undefined
    if (typeof value === 'string') return value
    throw refuse(illegalArgument(`Expected [${name}] to be a string but was [${javaText(value)}]`))
  }

  /** Our own; the console's forms write it as a text. */
  flag(name: string): boolean {
    const value = this.#take(name)
    if (value === null || value === false || value === 'false') return false
    if (value === true || value === 'true') return true
    throw refuse(illegalArgument(`Expected [${name}] to be a boolean but was [${javaText(value)}]`))
  }

  /** 0: without limit, as for the servers' HTTP client. */
  time(name: string): number {
    const text = this.text(name)
    return text === undefined ? timeoutDefaultMs : Math.max(0, Math.ceil(parseTime(text, name)))
  }

  texts(name: string): Record<string, string> {
    const value = this.#take(name)
    if (value === null) return {}
    const wanted = `Expected [${name}] to be an object containing strings but`
    if (!isPlainObject(value)) throw refuse(illegalArgument(`${wanted} was [${javaText(value)}]`))
    for (const [key, inner] of Object.entries(value)) {
      if (typeof inner === 'string' && !isRaw(inner)) continue
      throw refuse(illegalArgument(`${wanted} has [${key}=${javaText(inner)}]`))
    }
    return value as Record<string, string>
  }
}
