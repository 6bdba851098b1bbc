// Who may call. With users or keys in the configuration, every call needs one of them. Without, the cluster decides: by itself where
// a call is passed on, and asked beforehand where the gateway answers.
import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { type CollectedAnswer, collectAnswer } from '../../cluster/collect-answer.ts'
import { credentialHeaders, type Passage } from '../../cluster/passage.ts'
import type { AccessConfig } from '../../config/gateway/gateway-config.ts'
import { monotonicMs } from '../../foundation/clock.ts'
import { IndexferryError } from '../../foundation/errors.ts'
import type { Caller, GatewayAnswer } from './route.ts'
import { serverError } from './server-errors.ts'

const rememberedMs = 5_000
const rememberedMax = 1_000
const answerBytesMax = 1024 * 1024

/** Headers that say for whom a proxy before the gateway speaks; the cluster may believe them. */
const onBehalf = ['x-forwarded-for'] as const

interface Known {
  readonly name: string
  readonly digest: Buffer
}

interface Verdict {
  readonly at: number
  readonly verdict: Promise<GatewayAnswer | undefined>
}

export class Access {
  readonly #config: AccessConfig
  /** Digests of `user:password` and of keys, so that comparing takes as long for any. */
  readonly #users: readonly Known[]
  readonly #keys: readonly Known[]
  /** Of each cluster its own. */
  readonly #verdicts = new WeakMap<Passage, Map<string, Verdict>>()

  constructor(config: AccessConfig) {
    this.#config = config
    this.#users = config.users.map(({ name, password }) => ({ name, digest: digestOf(`${name}:${password}`) }))
    this.#keys = config.apiKeys.map(({ name, key }) => ({ name, digest: digestOf(key) }))
  }

  /** Whether the gateway has users or keys of its own. */
  get isOwn(): boolean {
    return this.#users.length + this.#keys.length > 0
  }

  /** Who calls; undefined when the gateway has users or keys and this is none of them. */
  identify(headers: IncomingHttpHeaders): Caller | undefined {
    const name = this.isOwn ? this.#known(headers.authorization) : claimedName(headers.authorization)
    if (name === undefined) return undefined
    return { name, clusterHeaders: this.#config.clusterCredentials === 'own' ? {} : credentialsIn(headers) }
  }

  /** Undefined: may go on. Else what this cluster says to somebody with these credentials. */
  authorise(headers: IncomingHttpHeaders, passage: Passage): Promise<GatewayAnswer | undefined> {
    if (this.isOwn || this.#config.clusterCredentials === 'own') return Promise.resolve(undefined)
    const credentials = credentialsIn(headers)
    const key = digestOf(JSON.stringify(Object.entries(credentials).sort())).toString('base64')
    const verdicts = this.#verdicts.get(passage) ?? new Map<string, Verdict>()
    this.#verdicts.set(passage, verdicts)
    const known = verdicts.get(key)
    if (known && monotonicMs() - known.at < rememberedMs) return known.verdict
    verdicts.delete(key)
    const [oldest] = verdicts.keys()
    if (verdicts.size >= rememberedMax && oldest !== undefined) verdicts.delete(oldest)
    const verdict = this.#ask(credentials, passage)
    verdicts.set(key, { at: monotonicMs(), verdict })
    // Only what the cluster said is remembered.
    verdict.catch(() => verdicts.delete(key))
    return verdict
  }

  #known(authorization: string | undefined): string | undefined {
    const [scheme, value] = splitAuthorization(authorization)
    if (scheme === 'basic') {
      const name = find(this.#users, Buffer.from(value, 'base64').toString())
      return name === undefined ? undefined : `user ${name}`
    }
    if (scheme !== 'apikey') return undefined
    // Clients send the base64 of `id:key`; keys in the configuration may be of either form.
    const name = find(this.#keys, value) ?? find(this.#keys, Buffer.from(value, 'base64').toString())
    return name === undefined ? undefined : `key ${name}`
  }

  /**
   * The root page needs least of what all versions have. Who may not see it may still be known to the cluster, and may ask who he is:
   * what he may do is decided by what is done in his name.
   */
  async #ask(credentials: Readonly<Record<string, string>>, passage: Passage): Promise<GatewayAnswer | undefined> {
    const headers = Object.entries({ ...credentials, accept: 'application/json' }).flat()
    const ask = (url: string) =>
      collectAnswer(passage, { method: 'GET', url, headers, body: undefined }, { bytesMax: answerBytesMax })
    const page = await ask('/')
    if (page.status === 401) return asGiven(page)
    if (isSeen.has(page.status)) return undefined
    if (page.status !== 403) throw undecided(page.status)
    for (const url of ['/_plugins/_security/authinfo', '/_opendistro/_security/authinfo', '/_security/_authenticate']) {
      if ((await ask(url)).status === 200) return undefined
    }
    return asGiven(page)
  }
}

/** The page, or that there is none (managed services). Anything else, such as a redirect to a login, is no yes. */
const isSeen: ReadonlySet<number> = new Set([200, 400, 404, 405])

/** OpenSearch answers 503 to everybody until its security has read its configuration. */
const undecided = (status: number): IndexferryError =>
  new IndexferryError(
    'CLUSTER_BUSY',
    `the cluster does not say whether it lets the caller in: it answers GET / with ${status}`,
    { side: 'target', remedy: 'Try again when the cluster answers.' },
  )

const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest()

/** Looks at all of them, whichever it is. */
function find(all: readonly Known[], text: string): string | undefined {
  const digest = digestOf(text)
  let found: string | undefined
  for (const known of all) if (timingSafeEqual(known.digest, digest)) found = known.name
  return found
}

function splitAuthorization(header: string | undefined): [scheme: string, value: string] {
  const [, scheme = '', value = ''] = /^(\S+) +(\S+)$/.exec(header?.trim() ?? '') ?? []
  return [scheme.toLowerCase(), value]
}

/** For logs only: nobody has looked at the password yet. */
function claimedName(authorization: string | undefined): string {
  const [scheme, value] = splitAuthorization(authorization)
  // Without a colon, the name cannot be told from the secret.
  const [, name = ''] = /^([^:]*):/.exec(Buffer.from(value, 'base64').toString()) ?? []
  if (scheme === 'basic') return `user ${name}`
  if (scheme === 'apikey') return `key ${name}`
  if (scheme === 'bearer') return 'bearer of a token'
  return scheme === '' ? 'anonymous' : `${scheme} credentials`
}

function credentialsIn(headers: IncomingHttpHeaders): Record<string, string> {
  const found: Record<string, string> = {}
  for (const name of [...credentialHeaders, ...onBehalf]) {
    const value = headers[name]
    if (value !== undefined) found[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return found
}

function asGiven({ status, headers, body }: CollectedAnswer): GatewayAnswer {
  const { 'www-authenticate': challenge, 'content-type': type } = headers
  const kept = {
    ...(challenge === undefined ? {} : { 'WWW-Authenticate': challenge }),
    ...(type === undefined ? {} : { 'content-type': type }),
  }
  return { status, headers: kept, body }
}

/** To somebody whom the gateway's own users and keys do not know, in the words of the servers. */
export function unauthorised(hasCredentials: boolean, method: string, path: string): GatewayAnswer {
  const reason = hasCredentials
    ? `unable to authenticate with the credentials given for REST request [${path}]`
    : `missing authentication credentials for REST request [${path}]`
  const challenge = 'Basic realm="indexferry", charset="UTF-8"'
  const extra = { header: { 'WWW-Authenticate': [challenge, 'ApiKey'] } }
  return serverError(401, 'security_exception', `${reason} (${method})`, extra, { 'WWW-Authenticate': challenge })
}
